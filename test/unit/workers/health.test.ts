import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Sandbox } from '../../../contracts/sandbox.ts';
import { type Health, startHealth } from '../../../workers/health.ts';

type Probe = Sandbox['probe'];
const usable: Probe = async () => ({ available: true, findings: [] });
const open: Health[] = [];

afterEach(async () => {
  for (const health of open.splice(0)) await health.close();
});

async function healthOf(probe: Probe) {
  const port = await freePort();
  const health = await startHealth({ LONGHAUL_HEALTH_PORT: String(port) }, probe);
  open.push(health);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, (await response.text()).trim()] as const;
  };
  return { health, ask, port };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

test('a worker that starts is alive and not ready', async () => {
  const { ask } = await healthOf(usable);
  expect(await ask('/livez')).toEqual([200, 'ok']);
  expect(await ask('/readyz')).toEqual([503, 'it starts']);
  expect((await ask('/'))[0]).toBe(404);
});

test('it is ready while it polls, and not once it stops', async () => {
  const { ask, health } = await healthOf(usable);
  let polls = true;
  health.servesWhile(() => polls);
  expect(await ask('/readyz')).toEqual([200, 'ok']);
  polls = false;
  expect(await ask('/readyz')).toEqual([503, 'it stops']);
  expect(await ask('/livez')).toEqual([200, 'ok']);
});

test('it is alive and not ready while its sandbox cannot be used, and says why', async () => {
  const { ask, health } = await healthOf(async () => ({
    available: false,
    findings: ['the cluster says no'],
  }));
  health.servesWhile(() => true);
  expect(await ask('/readyz')).toEqual([503, 'its sandbox cannot be used: the cluster says no']);
  expect(await ask('/livez')).toEqual([200, 'ok']);
});

test('a look at the sandbox that fails is a reason too, and serves all who ask for a while', async () => {
  let looks = 0;
  const { ask, health } = await healthOf(() => Promise.reject(new Error(`look ${++looks}`)));
  health.servesWhile(() => true);
  expect(await ask('/readyz')).toEqual([503, 'its sandbox cannot be used: look 1']);
  expect(await ask('/readyz')).toEqual([503, 'its sandbox cannot be used: look 1']);
});

test('without a port there is nothing to ask', async () => {
  const health = await startHealth({}, usable);
  health.servesWhile(() => true);
  await health.close();
});

test('a port that is none, or taken, is refused with what to do', async () => {
  await expect(startHealth({ LONGHAUL_HEALTH_PORT: '80a' }, usable)).rejects.toMatchObject({
    code: 'config.invalid',
  });
  const { port } = await healthOf(usable);
  await expect(startHealth({ LONGHAUL_HEALTH_PORT: String(port) }, usable)).rejects.toMatchObject({
    code: 'server.port_busy',
    message: expect.stringContaining('Give it another.'),
  });
});

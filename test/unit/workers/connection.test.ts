import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configuredServer, knownServer, resolveServer, runningServer } from '../../../workers/connection.ts';
import { writeServerState } from '../../../workers/embedded-server/state-file.ts';
import { processStartTime } from '../../../workers/process-lock.mjs';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

/** An environment without the configuration file of the person who runs the tests. */
async function environment(
  variables: Record<string, string>,
  toml?: string,
): Promise<Record<string, string>> {
  const directory = await temporaryDirectory();
  const file = join(directory, 'temporal.toml');
  if (toml !== undefined) writeFileSync(file, toml);
  return { LONGHAUL_HOME: directory, TEMPORAL_CONFIG_FILE: file, ...variables };
}

const profiles = `
[profile.default]
address = "cluster.example:7233"
namespace = "team"
[profile.cloud]
address = "cloud.example:7233"
api_key = "k"
`;

test('nothing that names a server gives none', async () => {
  expect(configuredServer(await environment({}))).toBeUndefined();
});

test('the environment names the server', async () => {
  const env = await environment({ TEMPORAL_ADDRESS: 'a.example:7233', TEMPORAL_NAMESPACE: 'n' });
  expect(await resolveServer({ env })).toEqual({
    kind: 'configured',
    address: 'a.example:7233',
    namespace: 'n',
    connectionOptions: { address: 'a.example:7233' },
  });
});

test('the default profile of the configuration file names the server, and the environment overrides it', async () => {
  expect(configuredServer(await environment({}, profiles))).toMatchObject({
    address: 'cluster.example:7233',
    namespace: 'team',
  });
  expect(configuredServer(await environment({ TEMPORAL_ADDRESS: 'b.example:1' }, profiles))).toMatchObject({
    address: 'b.example:1',
    namespace: 'team',
  });
});

test('another profile is taken by name, and an API key turns TLS on', async () => {
  expect(configuredServer(await environment({ TEMPORAL_PROFILE: 'cloud' }, profiles))).toEqual({
    address: 'cloud.example:7233',
    namespace: 'default',
    connectionOptions: { address: 'cloud.example:7233', apiKey: 'k', tls: true },
  });
});

test.each([
  [{ TEMPORAL_NAMESPACE: 'team' }, 'namespace (team)'],
  [{ TEMPORAL_API_KEY: 'secret-key' }, 'API key'],
  [{ TEMPORAL_TLS: 'true' }, 'TLS setting'],
])('settings of a server without its address, %j, never mean the embedded one', async (variables, named) => {
  const env = await environment(variables);
  const resolve = () => configuredServer(env);
  expect(resolve).toThrow(
    expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining(named) }),
  );
  expect(resolve).not.toThrow(/secret-key/);
});

test('a profile that does not exist and a file that is no TOML are refused', async () => {
  const missing = await environment({ TEMPORAL_PROFILE: 'nobody' }, profiles);
  expect(() => configuredServer(missing)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  const garbage = await environment({}, 'not = = toml');
  expect(() => configuredServer(garbage)).toThrow(
    expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining('temporal.toml') }),
  );
});

test('asking for a running server starts none', async () => {
  expect(await runningServer(await environment({}))).toBeUndefined();
});

test('an embedded server whose process lives and does not answer is known, and does not count as one that runs', async () => {
  const env = await environment({});
  const { pid } = process;
  await writeServerState(env['LONGHAUL_HOME'] ?? '', {
    status: 'running',
    pid,
    startTime: processStartTime(pid) ?? '',
    port: 1,
    uiPort: 1,
    address: '127.0.0.1:1',
    uiAddress: 'http://127.0.0.1:1',
    binary: '/bin/temporal',
    version: '1.31.2',
  });
  expect(await knownServer(env)).toMatchObject({ silentPid: pid, server: { address: '127.0.0.1:1' } });
  expect(await runningServer(env)).toBeUndefined();
});

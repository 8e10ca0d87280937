import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentNotifier } from '../../workers/notify/silent-notifier.ts';
import { createWebhookNotifier } from '../../workers/notify/webhook-notifier.ts';
import { createPorts } from '../../workers/ports.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { someNotification, testNotifier } from './notifier.ts';

const secret = 'hook-secret-7';

async function receiver(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}?token=${secret}`;
}

const failure = (url: string, timeoutMs = 5000) =>
  createWebhookNotifier({ url, timeoutMs })
    .notify(someNotification)
    .then(
      () => undefined,
      (error: unknown) => error,
    );

describe('the silent notifier', () => testNotifier(async () => silentNotifier));

describe('the webhook', () => {
  testNotifier(async () => {
    const url = await receiver((_, response) => response.writeHead(204).end());
    return createWebhookNotifier({ url, timeoutMs: 5000 });
  });

  test('posts the notification as JSON, with its id as the key by which repeats are known', async () => {
    const got: unknown[] = [];
    const url = await receiver((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method, headers } = request;
        got.push([
          method,
          headers['content-type'],
          headers['idempotency-key'],
          JSON.parse(String(Buffer.concat(parts))),
        ]);
        response.end('ok');
      });
    });
    expect(await failure(url)).toBeUndefined();
    expect(got).toEqual([['POST', 'application/json', someNotification.id, someNotification]]);
  });

  test.each([
    ['answers with an error', 500, /HTTP status 500/],
    ['redirects, which is not followed', 302, /HTTP status 302/],
  ])('fails without the address when the receiver %s', async (_, status, message) => {
    let requests = 0;
    const url = await receiver((_request, response) => {
      requests++;
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    const error = await failure(url);
    expect(error).toMatchObject({
      code: 'notify.failed',
      retryable: true,
      message: expect.stringMatching(message),
    });
    expect(`${JSON.stringify(error)} ${String((error as Error).stack)}`).not.toContain(secret);
    expect((error as Error).cause).toBeUndefined();
    expect(requests).toBe(1);
  });

  test('fails without the address when nobody answers in time or nobody is there', async () => {
    const url = await receiver(() => {});
    expect(await failure(url, 50)).toMatchObject({ message: expect.stringContaining('within 50 ms') });
    const nobody = `http://127.0.0.1:1/${secret}`;
    const error = await failure(nobody);
    expect(error).toMatchObject({ code: 'notify.failed' });
    expect(`${JSON.stringify(error)} ${String((error as Error).stack)}`).not.toContain(secret);
  });

  test.each(['no address', 'ftp://example.com/x', `https://user:${secret}@example.com/`])(
    'is not made of %s, and the message does not hold it',
    async (url) => {
      const env = { LONGHAUL_HOME: await temporaryDirectory(), LONGHAUL_NOTIFY_URL: url };
      expect(() => createPorts(env)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
      expect(() => createPorts(env)).not.toThrow(new RegExp(secret));
    },
  );
});

test('a worker without an address tells nobody, and with one the receiver', async () => {
  const home = await temporaryDirectory();
  expect(createPorts({ LONGHAUL_HOME: home }).notifier).toBe(silentNotifier);
  let requests = 0;
  const url = await receiver((_, response) => {
    requests++;
    response.end();
  });
  await createPorts({ LONGHAUL_HOME: home, LONGHAUL_NOTIFY_URL: url }).notifier.notify(someNotification);
  expect(requests).toBe(1);
});

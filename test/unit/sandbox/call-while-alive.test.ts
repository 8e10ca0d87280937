import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { callWhileAlive } from '../../../sandbox/call-while-alive.ts';
import { readFrames, writeJson } from '../../../sandbox/frames.ts';
import type { KeeperCall } from '../../../sandbox/protocol.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const silenceLimitMs = 1_200;

/** A keeper that needs `pingMs` for each answer to a ping, and for its work as long as `pings` of them take. */
async function slowKeeper(pingMs: number, pings: number): Promise<string> {
  const directory = await temporaryDirectory();
  let answered = 0;
  let finish = (): void => undefined;
  const server = createServer((socket) => {
    const answer = (): void => {
      writeJson(socket, { type: 'done', value: answered, bytes: null });
      socket.end();
    };
    socket.on('error', () => undefined);
    readFrames(socket, {
      onJson(call) {
        if ((call as KeeperCall).call !== 'ping') finish = answer;
        else
          setTimeout(() => {
            answered += 1;
            answer();
            if (answered === pings) finish();
          }, pingMs);
      },
      onBytes: () => undefined,
      onCorrupt: (reason) => socket.destroy(new Error(reason)),
    });
  });
  server.listen(path.join(directory, 'keeper.sock'));
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return directory;
}

test('a keeper that answers every ping late is waited for, however long its work takes', async () => {
  const keeper = await slowKeeper(silenceLimitMs / 2, 3);
  expect(await callWhileAlive(keeper, { call: 'acquire' }, { silenceLimitMs })).toMatchObject({
    kind: 'done',
    value: 3,
  });
});

test('a keeper that answers no ping within the limit counts as silent', async () => {
  const keeper = await slowKeeper(silenceLimitMs * 100, 1);
  expect(await callWhileAlive(keeper, { call: 'acquire' }, { silenceLimitMs })).toEqual({ kind: 'silent' });
});

test('who stops waiting hears the reason of that, and not of a silent keeper', async () => {
  const keeper = await slowKeeper(silenceLimitMs * 100, 1);
  const given = new AbortController();
  const waiting = callWhileAlive(keeper, { call: 'acquire' }, { silenceLimitMs, signal: given.signal });
  given.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
});

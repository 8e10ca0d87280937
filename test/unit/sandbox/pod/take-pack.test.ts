import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CommitIdSchema } from '../../../../contracts/ids.ts';
import { sourcePack } from '../../../../k8s/source-pack.ts';
import { serveCalls } from '../../../../sandbox/keeper/server.ts';
import { callKeeper } from '../../../../sandbox/keeper-client.ts';
import { leaseFile } from '../../../../sandbox/lease-files.ts';
import { takePack } from '../../../../sandbox/pod/take-pack.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const git = (cwd: string, ...args: readonly string[]) =>
  execFileSync('git', [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** Two commits, the packs of the first and of what the second adds, and an empty repository. */
async function world(format: 'sha1' | 'sha256' = 'sha1') {
  const root = await temporaryDirectory();
  const [from, to] = [path.join(root, 'from'), path.join(root, 'to')];
  for (const one of [from, to]) {
    mkdirSync(one);
    git(one, 'init', '-q', `--object-format=${format}`);
  }
  const commit = (content: string) => {
    writeFileSync(path.join(from, 'file'), content);
    git(from, 'add', '.');
    git(from, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qm', content.slice(0, 5));
    return CommitIdSchema.parse(git(from, 'rev-parse', 'HEAD'));
  };
  const [first, second] = [commit('one\n'.repeat(100_000)), commit('two\n')];
  const directory = path.join(to, '.git/objects/pack');
  return { root, from: path.join(from, '.git'), to, first, second, directory };
}

describe('a source that is sent', () => {
  test.each(['sha1', 'sha256'] as const)(
    'is whole on the other side, then grown by what a later commit adds (%s)',
    async (hash) => {
      const { root, from, to, first, second, directory } = await world(hash);
      for (const [commit, without] of [
        [first, null],
        [second, first],
        [second, first],
      ] as const) {
        using pack = await sourcePack(from, commit, without, root);
        await takePack(pack.stream(), { packBytes: pack.packBytes, hash, directory });
        expect(git(to, 'cat-file', '-p', `${commit}:file`)).toBe(
          git(from, 'cat-file', '-p', `${commit}:file`),
        );
      }
      git(to, 'fsck', '--strict', second);
      expect(readdirSync(directory).filter((name) => /\.(pack|idx)$/.test(name))).toHaveLength(4);
      expect(readdirSync(root)).toEqual(expect.not.arrayContaining([expect.stringMatching(/^pack-/)]));
    },
  );

  test('leaves nothing when it is cut, or when a byte is another one', async () => {
    const { root, from, first, directory } = await world();
    using pack = await sourcePack(from, first, null, root);
    const whole = await buffer(pack.stream());
    const more = { packBytes: pack.packBytes, hash: 'sha1', directory } as const;
    for (const bytes of [whole.subarray(0, -1), whole.subarray(0, 30), Buffer.alloc(0)])
      await expect(takePack(Readable.from([bytes]), more)).rejects.toMatchObject({
        code: 'sandbox.start_failed',
      });
    for (const at of [40, pack.packBytes + 1100]) {
      const bad = Buffer.from(whole);
      bad.writeUInt8((bad[at] ?? 0) ^ 1, at);
      await expect(takePack(Readable.from([bad]), more)).rejects.toMatchObject({
        code: 'sandbox.start_failed',
      });
    }
    expect(readdirSync(directory)).toEqual([]);
  });
});

/** A keeper's server that hands the bytes of a call `receive` to a function. */
async function serve(take: (bytes: Readable) => Promise<number>) {
  const directory = await temporaryDirectory();
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  serveCalls(server, async (_socket, _call, _stdin, body) => ({ value: await take(body), bytes: null }));
  await new Promise<void>((resolve) => server.listen(path.join(directory, leaseFile.socket), resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { directory, sockets };
}

describe('a call with a stream behind it', () => {
  const megabyte = 1024 * 1024;

  test('carries 300 MB of which neither side holds more than a few', async () => {
    let sent = 0;
    let taken = 0;
    let furthest = 0;
    const { directory } = await serve(async (bytes) => {
      for await (const chunk of bytes) {
        taken += (chunk as Buffer).length;
        furthest = Math.max(furthest, sent - taken);
        if (taken % (16 * megabyte) < 65_536) await new Promise((resolve) => setImmediate(resolve));
      }
      return taken;
    });
    const total = 300 * megabyte;
    const body = () =>
      Readable.from(
        (function* () {
          for (; sent < total; sent += megabyte) yield Buffer.alloc(megabyte, 1);
        })(),
        { objectMode: false, highWaterMark: megabyte },
      );
    const call = { call: 'receive', packBytes: total, indexBytes: 0 } as const;
    expect(await callKeeper(directory, call, { body })).toMatchObject({ kind: 'done', value: total });
    expect(furthest).toBeLessThan(16 * megabyte);
  });

  test('counts as never made when the connection is cut under it, on both sides', async () => {
    const failed = Promise.withResolvers<unknown>();
    const { directory, sockets } = await serve((bytes) =>
      buffer(bytes)
        .then(({ length }) => length)
        .catch((error: unknown) => {
          failed.resolve(error);
          throw error;
        }),
    );
    const endless = new PassThrough();
    endless.write(Buffer.alloc(1000));
    const call = { call: 'receive', packBytes: 10_000, indexBytes: 0 } as const;
    const outcome = callKeeper(directory, call, { body: () => endless });
    await expect.poll(() => sockets.length, { timeout: 30_000 }).toBe(1);
    sockets[0]?.destroy();
    expect(await outcome).toEqual({ kind: 'dead' });
    expect(await failed.promise).toMatchObject({ message: expect.stringMatching(/bytes to come/) });
    expect(endless.destroyed).toBe(true);
  });
});

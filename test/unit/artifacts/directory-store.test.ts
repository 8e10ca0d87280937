import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createDirectoryStore } from '../../../artifacts/directory-store.ts';
import { digestOf } from '../../../contracts/digest.ts';
import { DigestSchema } from '../../../contracts/ids.ts';
import { mountSmallDisk, noDiskReason } from '../../helpers/small-disk.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const pathIn = (dir: string, digest: string): string => join(dir, digest.slice(7, 9), digest.slice(9));

it('keeps an artifact in a file that only its owner reads', async () => {
  const dir = await temporaryDirectory();
  const digest = await createDirectoryStore(dir).put(Buffer.from('private'));
  const found = await stat(pathIn(dir, digest));
  expect(found.mode & 0o777).toBe(0o600);
  expect((await stat(join(dir, digest.slice(7, 9)))).mode & 0o077).toBe(0);
});

it('does not write again what is there', async () => {
  const dir = await temporaryDirectory();
  const store = createDirectoryStore(dir);
  const digest = await store.put(Buffer.from('once'));
  const before = await stat(pathIn(dir, digest));
  await store.put(Buffer.from('once'));
  expect((await stat(pathIn(dir, digest))).ino).toBe(before.ino);
});

it('leaves no temporary file behind', async () => {
  const dir = await temporaryDirectory();
  await createDirectoryStore(dir).put(Buffer.from('x'));
  expect(await readdir(join(dir, 'tmp'))).toEqual([]);
});

it('removes what writers left that died a day ago, and nothing younger', async () => {
  const dir = await temporaryDirectory();
  await mkdir(join(dir, 'tmp'));
  await writeFile(join(dir, 'tmp', 'old'), 'half');
  await writeFile(join(dir, 'tmp', 'young'), 'half');
  const longAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
  await utimes(join(dir, 'tmp', 'old'), longAgo, longAgo);
  await createDirectoryStore(dir).put(Buffer.from('x'));
  expect(await readdir(join(dir, 'tmp'))).toEqual(['young']);
});

it('names the file and the way out when bytes are damaged', async () => {
  const dir = await temporaryDirectory();
  const store = createDirectoryStore(dir);
  const digest = await store.put(Buffer.from('sound'));
  await writeFile(pathIn(dir, digest), 'damaged');
  const error = await store.get(digest).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain(pathIn(dir, digest));
  expect(String(error)).toMatch(/backup|delete it/);
});

it('shows no half-written artifact when a writer is killed', async () => {
  const dir = await temporaryDirectory();
  const module = new URL('../../../artifacts/directory-store.ts', import.meta.url).href;
  const program = `
    import { createDirectoryStore } from ${JSON.stringify(module)};
    const store = createDirectoryStore(${JSON.stringify(dir)});
    for (let n = 0; ; n += 1) { await store.put(Buffer.alloc(4_000_000, String(n))); }`;
  const writer = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: 'inherit',
  });
  onTestFinished(() => {
    writer.kill('SIGKILL');
  });
  const temporaryFiles = async () => (existsSync(join(dir, 'tmp')) ? readdir(join(dir, 'tmp')) : []);
  const shards = async () => (await readdir(dir)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  await vi.waitFor(async () => expect((await shards()).length).toBeGreaterThan(2), {
    timeout: 20_000,
    interval: 1,
  });
  await vi.waitFor(async () => expect(await temporaryFiles()).not.toEqual([]), {
    timeout: 20_000,
    interval: 0,
  });
  writer.kill('SIGKILL');
  await once(writer, 'close');

  for (const shard of await shards()) {
    for (const name of await readdir(join(dir, shard))) {
      const digest = DigestSchema.parse(`sha256:${shard}${name}`);
      expect(digestOf(await readFile(join(dir, shard, name)))).toBe(digest);
    }
  }
});

it.skipIf(noDiskReason)('says that the store is full, and goes on when there is room', async () => {
  const dir = join(await temporaryDirectory(), 'disk');
  mountSmallDisk(dir, 1024 * 1024);
  const store = createDirectoryStore(dir);
  const small = await store.put(Buffer.from('small'));
  await expect(store.put(Buffer.alloc(2_000_000))).rejects.toMatchObject({
    code: 'artifact.store_full',
    retryable: true,
  });
  expect(await readdir(join(dir, 'tmp'))).toEqual([]);
  expect(await store.has(small)).toBe(true);
  await store.put(Buffer.from('another small one'));
});

it.skipIf(noDiskReason)('says which path of a read-only disk it cannot write', async () => {
  const dir = join(await temporaryDirectory(), 'disk');
  const disk = mountSmallDisk(dir, 1024 * 1024);
  const store = createDirectoryStore(dir);
  const digest = await store.put(Buffer.from('before'));
  disk.makeReadOnly();
  await expect(store.put(Buffer.from('after'))).rejects.toMatchObject({
    code: 'artifact.store_unavailable',
    message: expect.stringContaining(dir),
  });
  expect(Buffer.from(await store.get(digest)).toString()).toBe('before');
});

it.skipIf(process.getuid?.() === 0)('says which path it may not write', async () => {
  const dir = await temporaryDirectory();
  await chmod(dir, 0o500);
  await expect(createDirectoryStore(dir).put(Buffer.from('x'))).rejects.toMatchObject({
    code: 'artifact.store_unavailable',
    message: expect.stringContaining(dir),
  });
  await chmod(dir, 0o700);
});

it('takes an unusable directory for an unavailable store', async () => {
  const dir = join(await temporaryDirectory(), 'file');
  await writeFile(dir, '');
  const store = createDirectoryStore(dir);
  await expect(store.put(Buffer.from('x'))).rejects.toMatchObject({ code: 'artifact.store_unavailable' });
  await expect(store.has(digestOf(Buffer.from('x')))).rejects.toMatchObject({
    code: 'artifact.store_unavailable',
  });
});

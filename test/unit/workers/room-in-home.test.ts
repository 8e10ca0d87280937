import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LonghaulError } from '../../../contracts/error.ts';
import { fullDiskBehind, requireRoom } from '../../../workers/room-in-home.ts';
import { mountSmallDisk, noDiskReason } from '../../helpers/small-disk.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const unanswered = new LonghaulError('server.unavailable', 'shard status unknown');
const environment = (home: string, more = {}) => ({
  LONGHAUL_HOME: home,
  TEMPORAL_CONFIG_FILE: join(home, 'none.toml'),
  ...more,
});

async function smallHome(bytes: number): Promise<string> {
  const home = join(await temporaryDirectory(), 'home');
  mountSmallDisk(home, bytes);
  return home;
}

test('a disk with room passes, and nothing is left on it', async () => {
  const home = join(await temporaryDirectory(), 'home');
  await requireRoom(home);
  expect(readdirSync(home)).toEqual([]);
});

test('a home that cannot be one is told from a full one', async () => {
  const file = join(await temporaryDirectory(), 'file');
  writeFileSync(file, '');
  await expect(requireRoom(file)).rejects.toMatchObject({ code: 'disk.no_permission' });
});

test.skipIf(noDiskReason !== undefined)(
  'a disk without room for what every task needs is full, by its name, and nothing is left on it',
  async () => {
    const home = await smallHome(512 * 1024);
    await expect(requireRoom(home)).rejects.toMatchObject({
      code: 'disk.full',
      message: `Cannot write in ${home}: the disk is full. Free some space there and try again.`,
    });
    expect(readdirSync(home)).toEqual([]);
  },
);

test.skipIf(noDiskReason !== undefined)(
  'a server or worker that does not come is a full disk where the disk is full',
  async () => {
    const home = await smallHome(512 * 1024);
    expect(await fullDiskBehind(unanswered, environment(home))).toMatchObject({ code: 'disk.full' });
    const missing = new LonghaulError('worker.missing', 'did not poll');
    expect(await fullDiskBehind(missing, environment(home))).toMatchObject({ code: 'disk.full' });
    const own = environment(home, { TEMPORAL_ADDRESS: 'temporal.example:7233' });
    expect(await fullDiskBehind(unanswered, own)).toBe(unanswered);
    const other = new LonghaulError('task.not_found', 'no such task');
    expect(await fullDiskBehind(other, environment(home))).toBe(other);
  },
);

test('where there is room the fault is told as it is', async () => {
  expect(await fullDiskBehind(unanswered, environment(await temporaryDirectory()))).toBe(unanswered);
});

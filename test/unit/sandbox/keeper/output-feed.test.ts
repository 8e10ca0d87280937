import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { readFrames } from '../../../../sandbox/frames.ts';
import { feedOutput } from '../../../../sandbox/keeper/output-feed.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const fileWith = async (content: string | Buffer) => {
  const file = path.join(await temporaryDirectory(), 'output');
  writeFileSync(file, content);
  return file;
};

function reader() {
  const stream = new PassThrough();
  let text = '';
  readFrames(stream, {
    onJson: () => undefined,
    onBytes: (bytes) => {
      text += bytes.toString();
    },
    onCorrupt: (reason) => stream.destroy(new Error(reason)),
  });
  return { stream, text: () => text };
}

test('output is sent from the byte that was asked for while it is written, and nothing twice', async () => {
  const file = await fileWith('0123');
  const { stream, text } = reader();
  const feed = feedOutput(stream, file, 2);
  await vi.waitFor(() => expect(text()).toBe('23'), { timeout: 30_000 });
  appendFileSync(file, '45');
  await vi.waitFor(() => expect(text()).toBe('2345'), { timeout: 30_000 });
  appendFileSync(file, '6');
  const sha256 = createHash('sha256').update('0123456').digest('hex');
  expect(await feed.finish()).toEqual({ bytes: 7, sha256 });
  await vi.waitFor(() => expect(text()).toBe('23456'), { timeout: 30_000 });
});

test('a step that has no output file has written nothing', async () => {
  const feed = feedOutput(reader().stream, path.join(await temporaryDirectory(), 'none'), 0);
  expect(await feed.finish()).toMatchObject({ bytes: 0 });
});

test('a reader that does not read holds one piece in memory, and a feed ends when it goes away', async () => {
  const file = await fileWith(Buffer.alloc(20_000_000));
  let held = 0;
  let taken = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    taken = resolve;
  });
  const stuck = new Duplex({
    read: () => undefined,
    write(chunk: Buffer) {
      held += chunk.byteLength;
      taken();
    },
  });
  const feed = feedOutput(stuck, file, 0);
  const finished = feed.finish();
  await begun;
  expect(held + stuck.writableLength).toBeLessThan(1_000_000);
  stuck.destroy();
  expect(await finished).toMatchObject({ bytes: 20_000_000 });
  expect(held + stuck.writableLength).toBeLessThan(1_000_000);
});

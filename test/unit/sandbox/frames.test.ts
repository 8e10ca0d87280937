import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readFrames, writeBytes, writeJson } from '../../../sandbox/frames.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

async function pair(): Promise<{ readonly left: Socket; readonly right: Socket }> {
  const server = createServer();
  const file = path.join(await temporaryDirectory(), 's');
  await new Promise<void>((resolve) => server.listen(file, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const left = connect(file);
  const right = await accepted;
  onTestFinished(() => {
    left.destroy();
    right.destroy();
    server.close();
  });
  return { left, right };
}

test('JSON and bytes arrive in order and whole, however they are cut', async () => {
  const { left, right } = await pair();
  const seen: unknown[] = [];
  const bytes: Buffer[] = [];
  const ended = new Promise((resolve) => right.once('end', resolve));
  readFrames(right, {
    onJson: (value) => seen.push(value),
    onBytes: (chunk) => bytes.push(chunk),
    onCorrupt: (reason) => seen.push(reason),
  });
  const large = Buffer.alloc(3_500_000, 'abc');
  writeJson(left, { a: 'ä'.repeat(70_000) });
  writeBytes(left, large);
  writeJson(left, 2);
  left.end();
  await ended;
  expect(seen).toEqual([{ a: 'ä'.repeat(70_000) }, 2]);
  expect(Buffer.concat(bytes).equals(large)).toBe(true);
});

test.each([
  ['a frame of absurd length', Buffer.from([0xff, 0xff, 0xff, 0xff, 0])],
  ['a JSON frame that does not parse', Buffer.from([0, 0, 0, 1, 0, 0x7b])],
])('%s ends the reading', async (_name, bytes) => {
  const { left, right } = await pair();
  const corrupt = new Promise((resolve) => {
    readFrames(right, { onJson: resolve, onBytes: resolve, onCorrupt: resolve });
  });
  left.write(bytes);
  expect(await corrupt).toMatch(/frame/);
});

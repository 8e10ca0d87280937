import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchLarge } from './large.ts';
import { longhaulLoop } from './longhaul-loop.ts';
import { milliseconds, spread } from './percentiles.ts';
import { rawLoop } from './raw-loop.ts';

if (process.argv[2] === 'large') {
  await benchLarge();
  process.exit();
}

const turns = Number(process.argv[2] ?? 100);
if (!(Number.isInteger(turns) && turns >= 10))
  throw new Error('usage: npm run bench [-- <turns, at least 10> | large]');

const home = mkdtempSync(join(tmpdir(), 'longhaul-bench-'));
try {
  console.log(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}, ${turns} turns`,
  );
  await rawLoop(10);
  const raw = spread(await rawLoop(turns));
  console.log(`raw loop         ${milliseconds(raw)}`);
  const { firstIterationMs, iterationsMs } = await longhaulLoop(turns, home);
  const middle = iterationsMs.slice(0, turns - 1);
  const loop = spread(middle);
  const quarter = Math.max(1, Math.floor(middle.length / 4));
  const [first, last] = [spread(middle.slice(0, quarter)), spread(middle.slice(-quarter))];
  console.log(`longhaul         ${milliseconds(loop)}`);
  console.log(`first quarter    ${milliseconds(first)}`);
  console.log(
    `last quarter     ${milliseconds(last)}, ratio of the medians ${(last.p50 / first.p50).toFixed(2)}`,
  );
  console.log(
    `first iteration  ${firstIterationMs.toFixed(0)} ms after the start: fetch, sandbox, baseline, one turn`,
  );
  console.log(`longhaul : raw   ${(loop.p50 / raw.p50).toFixed(1)}`);
} finally {
  rmSync(home, { recursive: true, force: true });
}

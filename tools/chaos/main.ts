import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Run } from '../../test/chaos/run-cell.ts';
import { sumReports } from '../sum-reports.ts';
import { recoveryLines, tableOf } from './table.ts';

// npm run chaos [-- --cluster] [--ci | --long] [--seed N] [--only TEXT] [--report FILE]
// Crosses faults with moments, prints the table, and closes with `N passed, N failed`.
const { values } = parseArgs({
  options: {
    cluster: { type: 'boolean', default: false },
    ci: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string' },
    report: { type: 'string' },
  },
});
const level = values.long ? 'long' : values.ci ? 'brief' : 'usual';
const seed = values.seed ?? String(values.long ? Date.now() % 1_000_000 : 1);
const root = fileURLToPath(new URL('../../', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'longhaul-chaos-'));
const report = values.report ?? join(directory, 'report.json');
const runsFile = join(directory, 'runs.jsonl');

console.log(
  `chaos, ${level}, seed ${seed} (again: npm run chaos -- ${values.cluster ? '--cluster ' : ''}${values.long ? '--long ' : ''}--seed ${seed})`,
);
const child = spawn(
  process.execPath,
  [
    ...['node_modules/vitest/vitest.mjs', 'run', '--project', values.cluster ? 'cluster-chaos' : 'chaos'],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    // Files of test/chaos, by a part of their name.
    ...(values.only === undefined ? [] : [values.only]),
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      LONGHAUL_CHAOS_LEVEL: level,
      LONGHAUL_CHAOS_SEED: seed,
      LONGHAUL_CHAOS_RUNS: runsFile,
    },
  },
);
await new Promise((resolve) => child.once('close', resolve));

const lines = existsSync(runsFile) ? readFileSync(runsFile, 'utf8').trimEnd().split('\n') : [];
const runs = lines.map((line) => JSON.parse(line) as Run);
console.log(`\n${tableOf(runs)}\n\n${recoveryLines(runs).join('\n')}\n`);
const { passed, failed, failures } = sumReports([report]);
if (failures.length > 0) console.log(`${failures.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
rmSync(directory, { recursive: true, force: true });

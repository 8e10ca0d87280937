import type { Run } from '../../test/chaos/run-cell.ts';
import { spread } from '../bench/percentiles.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The runs as a table for people: one line for each fault at each moment. */
export function tableOf(runs: readonly Run[]): string {
  const groups = Map.groupBy(runs, ({ fault, moment }) => `${fault} | ${moment}`);
  const lines = [...groups].map(([name, group]) => {
    const times = recoveriesOf(group);
    const bad = group.filter((run) => run.problems.length > 0).length;
    const { p50, p95 } = spread(times);
    const recovered = times.length === 0 ? '– | –' : `${seconds(p50)} | ${seconds(p95)}`;
    return `| ${name} | ${group.length} | ${times.length} | ${recovered} | ${bad === 0 ? 'held' : `BROKEN ${bad}`} |`;
  });
  return [
    '| fault | moment | runs | recoveries | p50 | p95 | invariants |',
    '|---|---|---|---|---|---|---|',
    ...lines.sort(),
  ].join('\n');
}

/** How long it took to go on, by fault. */
export function recoveryLines(runs: readonly Run[]): readonly string[] {
  const groups = Map.groupBy(runs, ({ fault }) => fault);
  return [...groups].flatMap(([fault, group]) => {
    const times = recoveriesOf(group);
    if (times.length === 0) return [];
    const { p50, p95, max } = spread(times);
    return [
      `recovery after ${fault}: ${times.length} times, p50 ${seconds(p50)}, p95 ${seconds(p95)}, longest ${seconds(max)}`,
    ];
  });
}

function recoveriesOf(runs: readonly Run[]): readonly number[] {
  return runs.flatMap(({ recoveryMs }) => recoveryMs ?? []);
}

import { spread } from '../percentiles.ts';

/** A line of the closing table. */
export interface Row {
  readonly what: string;
  readonly found: string;
  /** What was asked of it; empty where nothing was. */
  readonly aim: string;
}

export function progress(line: string): void {
  console.log(`  ${line}`);
}

/** Median and spread of numbers that were measured, in the unit that suits. */
export function times(values: readonly number[]): string {
  const { p50, p95 } = spread(values);
  return `p50 ${unit(p50)} (${unit(Math.min(...values))} to ${unit(p95)}, ${values.length})`;
}

export function unit(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

export const median = (values: readonly number[]): number => spread(values).p50;

export function printTable(rows: readonly Row[]): void {
  console.log('\n| what | found | aim |\n|---|---|---|');
  for (const { what, found, aim } of rows) console.log(`| ${what} | ${found} | ${aim} |`);
}

/** Runs something and gives the milliseconds that it took. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

import { longhaulLoop } from './longhaul-loop.ts';
import { milliseconds, spread } from './percentiles.ts';
import { cheapCommands } from './scenario.ts';

const turns = 60;
const rounds = 5;

/** What a turn takes with and without versions of workers, round by round in one run: the machine drifts, so each round has a ratio of its own. */
export async function benchVersions(): Promise<void> {
  const commands = cheapCommands(turns);
  await longhaulLoop(cheapCommands(10));
  const all = { on: [] as number[], off: [] as number[] };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const p50 = { on: 0, off: 0 };
    // Whichever is first has the colder machine.
    for (const versioning of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
      const { turnsMs } = await longhaulLoop(commands, { versioning });
      all[versioning].push(...turnsMs);
      p50[versioning] = spread(turnsMs).p50;
    }
    ratios.push(p50.on / p50.off);
    console.log(`round ${round + 1}: on ${p50.on.toFixed(1)}, off ${p50.off.toFixed(1)} ms`);
  }
  for (const [name, ms] of Object.entries(all)) console.log(`${name.padEnd(4)} ${milliseconds(spread(ms))}`);
  const sorted = ratios.toSorted((a, b) => a - b).map((ratio) => ratio.toFixed(2));
  const middle = sorted[Math.floor(sorted.length / 2)];
  console.log(`on : off, by round ${sorted.join(', ')}; median ${middle}`);
}

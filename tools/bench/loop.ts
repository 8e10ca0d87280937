import { codexLoop, codexVersion } from './codex-loop.ts';
import { longhaulLoop } from './longhaul-loop.ts';
import type { LoopRun } from './loop-run.ts';
import { milliseconds, spread } from './percentiles.ts';
import { rawLoop } from './raw-loop.ts';
import { type Commands, changingCommands, cheapCommands } from './scenario.ts';

const rounds = 2;

/**
 * The loop's own time a turn: from the end of a model's answer to the next request, so without the model and with the command. All loops take
 * turns in one run, since the machine drifts; what counts is the ratio.
 */
export async function benchLoop(turns: number): Promise<void> {
  const loops = {
    'raw loop': rawLoop,
    [`codex ${codexVersion}`]: codexLoop,
    longhaul: (of: Commands) => longhaulLoop(of),
    'longhaul, server in memory': (of: Commands) => longhaulLoop(of, { database: 'memory' }),
  } as const;
  await rawLoop(cheapCommands(10));
  for (const commands of [cheapCommands(turns), changingCommands(turns)]) {
    const runs = new Map<string, LoopRun[]>();
    for (let round = 0; round < rounds; round++) {
      for (const [name, loop] of Object.entries(loops)) {
        const run = await loop(commands);
        runs.set(name, [...(runs.get(name) ?? []), run]);
      }
    }
    report(commands, runs);
  }
}

function report(commands: Commands, runs: ReadonlyMap<string, readonly LoopRun[]>): void {
  console.log(`\n${commands.turns} turns of a command (${commands.name}), ${rounds} rounds`);
  const medians = new Map<string, number>();
  for (const [name, of] of runs) {
    const all = spread(of.flatMap((run) => run.turnsMs));
    medians.set(name, all.p50);
    const each = of.map((run) => spread(run.turnsMs).p50.toFixed(1)).join(' and ');
    console.log(`${name.padEnd(28)} ${milliseconds(all)}; p50 by round ${each}`);
    console.log(`${''.padEnd(28)} first : last quarter ${of.map(growth).join(' and ')}`);
    const first = of.map((run) => `${run.firstRequestMs.toFixed(0)} ms`).join(' and ');
    const sent = (of.at(-1)?.bytesSent ?? 0) / 1e6;
    console.log(`${''.padEnd(28)} first request ${first}, ${sent.toFixed(2)} MB sent to the model`);
    for (const [what, text] of Object.entries(of.at(-1)?.more ?? {}))
      console.log(`${''.padEnd(28)} ${what}: ${text}`);
  }
  const own = medians.get('longhaul') ?? Number.NaN;
  for (const [name, p50] of medians)
    if (!name.startsWith('longhaul')) console.log(`longhaul : ${name}  ${(own / p50).toFixed(2)}`);
}

/** The median of the last quarter to that of the first. */
function growth({ turnsMs }: LoopRun): string {
  const quarter = Math.max(1, Math.floor(turnsMs.length / 4));
  return (spread(turnsMs.slice(-quarter)).p50 / spread(turnsMs.slice(0, quarter)).p50).toFixed(2);
}

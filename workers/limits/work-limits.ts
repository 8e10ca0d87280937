import { availableParallelism, totalmem } from 'node:os';
import { LonghaulError } from '../../contracts/error.ts';
import { askedSandbox } from '../sandbox-choice.ts';
import type { Environment } from '../state-dir.ts';

/** How much one worker does at once. */
export interface WorkLimits {
  /** Commands, checks and the making of sandboxes: what uses processors. */
  readonly commands: number;
  readonly modelCalls: number;
  /** Live sandboxes of the home, those of other workers too: what uses memory. */
  readonly sandboxes: number;
}

export interface MachineSize {
  readonly cores: number;
  readonly memoryBytes: number;
}

const inCluster = 100;
const commandBytes = 1024 ** 3;
/** A keeper, its sandbox's own processes, and their share of the page cache. */
const sandboxBytes = 96 * 1024 ** 2;

/**
 * `LONGHAUL_MAX_COMMANDS` (else two for each core, and one for each GiB of memory at most), `LONGHAUL_MAX_MODEL_CALLS` (else 8 for each core,
 * 16 at least), `LONGHAUL_MAX_SANDBOXES` (else what fits into half of the memory at 96 MiB each). What runs in a cluster is held by the quota
 * there: then each is 100 when nothing is set. Throws `config.invalid`.
 */
export function workLimits(env: Environment, machine: MachineSize = thisMachine()): WorkLimits {
  const { cores, memoryBytes } = machine;
  const elsewhere = askedSandbox(env) === 'kubernetes';
  const atMost = Math.max(1, Math.floor(memoryBytes / commandBytes));
  const here = Math.max(2, Math.floor(memoryBytes / 2 / sandboxBytes));
  return {
    commands: count(env, 'LONGHAUL_MAX_COMMANDS') ?? (elsewhere ? inCluster : Math.min(2 * cores, atMost)),
    modelCalls: count(env, 'LONGHAUL_MAX_MODEL_CALLS') ?? Math.max(16, 8 * cores),
    sandboxes: count(env, 'LONGHAUL_MAX_SANDBOXES') ?? (elsewhere ? inCluster : here),
  };
}

/** What this process may use: a control group may leave it less than the machine has. */
function thisMachine(): MachineSize {
  const lent = process.constrainedMemory();
  const memoryBytes = lent > 0 ? Math.min(lent, totalmem()) : totalmem();
  return { cores: availableParallelism(), memoryBytes };
}

function count(env: Environment, name: string): number | undefined {
  const given = env[name];
  if (given === undefined || given === '') return undefined;
  if (/^[1-9][0-9]{0,4}$/.test(given)) return Number(given);
  throw new LonghaulError(
    'config.invalid',
    `${name} must be a whole number from 1 to 99999, and it is "${given}". Set it to one, or unset it to use the default.`,
  );
}

import { rm } from 'node:fs/promises';
import type { DrillCertificate, DrillEvent, DrillOptions, DrillRun } from '../contracts/drill.ts';
import type { TaskId } from '../contracts/ids.ts';
import { artifactStore, taskRepository } from '../workers/local-ports.ts';
import { type Environment, stateDirectory } from '../workers/state-dir.ts';
import { certify } from './certify.ts';
import { type Copy, disown, makeCopy } from './copy.ts';
import { planFaults } from './fault-plan.ts';
import { seededRandom } from './random.ts';
import { type Recording, readRecording } from './recording.ts';
import { type RunDeps, runOnce } from './run-once.ts';

/**
 * Runs a past task again in copies, calm and then under faults, and says what held. Reads the person's home and writes nothing in it; no process
 * and, unless kept, no file is left. Throws `drill.impossible`, `task.not_found`, `server.*`, `disk.*`, and the signal's reason once aborted.
 */
export async function drillTask(
  taskId: TaskId,
  env: Environment,
  options: DrillOptions,
  tell: (event: DrillEvent) => void,
): Promise<DrillCertificate> {
  const startedAtMs = Date.now();
  tell({ type: 'drill.doing', text: 'reading what was recorded' });
  const home = stateDirectory(env);
  const stores = { artifacts: artifactStore(home), repositories: taskRepository(home) };
  const recording = await readRecording({ env, ...stores }, taskId);
  options.signal.throwIfAborted();
  const copy = await makeCopy(recording, env, options.signal);
  let kept: string | null = null;
  try {
    const { calm, runs } = await allRuns({ recording, copy, env, options, tell });
    kept = options.keep ? copy.directory : null;
    return certify({
      taskId,
      seed: options.seed,
      faultsWanted: options.faults,
      startedAtMs,
      durationMs: Date.now() - startedAtMs,
      originalTree: recording.tree,
      calm,
      runs,
      kept,
      playedOtherwise: playedOtherwise(recording),
    });
  } finally {
    if (kept === null) await rm(copy.directory, { recursive: true, force: true });
    else await disown(copy.directory);
  }
}

interface Drill {
  readonly recording: Recording;
  readonly copy: Copy;
  readonly env: Environment;
  readonly options: DrillOptions;
  readonly tell: (event: DrillEvent) => void;
}

async function allRuns({ recording, copy, env, options, tell }: Drill) {
  const { seed, faults, signal } = options;
  const random = seededRandom(seed + 1);
  const limitMs = limitOf(recording);
  const run = (number: number, planned: RunDeps['faults']) =>
    runOnce({ copy, env, recording, number, faults: planned, random, tell, signal, limitMs });
  const first = await run(0, []);
  const calm: DrillRun[] = [first.run];
  const runs: DrillRun[] = [];
  if (first.run.status !== 'delivered') return { calm, runs };
  // Another tree than then: once more, to know whether the commands give the same twice.
  if (first.run.tree !== recording.tree) calm.push((await run(1, [])).run);
  for (const planned of planFaults(first.moments, { faults, seed })) {
    runs.push((await run(calm.length + runs.length, planned)).run);
  }
  return { calm, runs };
}

const leastLimitMs = 15 * 60_000;

/** Ten times what the task itself took, without its waiting for people. */
function limitOf({ workedMs }: Recording): number {
  return leastLimitMs + 10 * workedMs;
}

function playedOtherwise({ approvals, steers, changes, rollbacks }: Recording): readonly string[] {
  const expired = approvals.filter(({ outcome }) => outcome === 'expired').length;
  const told = steers.flat().length + changes.length + rollbacks.size;
  return [
    ...(approvals.length === 0
      ? []
      : ['People were played by the drill: it gives the recorded answers at once.']),
    ...(expired === 0
      ? []
      : [`${expired} questions had expired; they were rejected instead of waiting for that.`]),
    ...(told === 0
      ? []
      : ['What people said, changed or rolled back was done again before the same iterations.']),
  ];
}

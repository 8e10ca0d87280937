import type { DrillEvent, DrillRun, Moment, PlannedFault } from '../contracts/drill.ts';
import { type TreeId, TreeIdSchema } from '../contracts/ids.ts';
import { type IterationRecord, IterationRecordSchema } from '../contracts/record.ts';
import type { TaskSpec } from '../contracts/task.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
import { createGit } from '../forge/git.ts';
import type { Environment } from '../workers/state-dir.ts';
import { branchOf, type Copy, onDisk } from './copy.ts';
import { judgeRun, type RunEvidence } from './judge-run.ts';
import { leftoversOf } from './leftovers.ts';
import { type Machine, startMachine } from './machine.ts';
import type { Recording } from './recording.ts';
import { scenarioOf } from './scenario.ts';
import { createStage, type Played, type Stage } from './stage.ts';

export interface RunDeps {
  readonly copy: Copy;
  /** The person's environment. */
  readonly env: Environment;
  readonly recording: Recording;
  /** 0 for the first calm run. */
  readonly number: number;
  readonly faults: readonly PlannedFault[];
  readonly random: () => number;
  readonly tell: (event: DrillEvent) => void;
  readonly signal: AbortSignal;
  /** A run that takes longer is ended: it will not come to its end by itself. */
  readonly limitMs: number;
}

/** Runs the task once on a machine of its own and judges that run; no process of it is left. Throws the signal's reason once that is aborted. */
export async function runOnce(
  deps: RunDeps,
): Promise<{ readonly run: DrillRun; readonly moments: readonly Moment[] }> {
  const { copy, number, recording, tell } = deps;
  const startedMs = Date.now();
  const run = await onDisk(copy.directory, async () => {
    tell({ type: 'drill.run_started', run: number, faults: deps.faults });
    tell({ type: 'drill.doing', text: `run ${number}: starting a Temporal server and workers` });
    const repository = await copy.makeRepository(number);
    const stage = createStage(deps);
    const machine = await startMachine({
      directory: copy.runDirectory(number),
      env: deps.env,
      recording,
      scenario: scenarioOf({ model: recording.spec.model, responses: recording.responses }, deps.faults),
      onBegun: stage.onBegun,
      onRequest: stage.onRequest,
    });
    try {
      deps.signal.throwIfAborted();
      const played = await stage.play(machine, copySpec(recording, repository));
      await stage.strikes.end();
      const evidence = await collect(deps, { machine, stage, played, repository, startedMs });
      return { run: judgeRun(evidence), moments: stage.strikes.moments };
    } finally {
      await stage.strikes.end();
      await machine.close();
    }
  });
  tell({ type: 'drill.run_ended', result: run.run });
  return run;
}

/** The same task on the copy's repository. */
function copySpec(recording: Recording, repository: string): TaskSpec {
  const { spec, baseBranch, baseCommit } = recording;
  const ref = baseBranch === null ? baseCommit : branchOf(recording);
  return { ...spec, repository, ref, includeChanges: false };
}

interface Seen {
  readonly machine: Machine;
  readonly stage: Stage;
  readonly played: Played;
  readonly repository: string;
  readonly startedMs: number;
}

async function collect({ number, recording, env }: RunDeps, seen: Seen): Promise<RunEvidence> {
  const { machine, stage, played, repository, startedMs } = seen;
  const { events, person, cutShort } = played;
  const end = events.find((event) => event.type === 'task.finished');
  const unanswered = await person.settled();
  return {
    number,
    faults: stage.strikes.faults,
    notStruck: stage.strikes.notStruck,
    status: end?.status ?? 'unfinished',
    reason: end?.reason ?? cutShort ?? 'its story came to an end without one',
    tree: end?.branch ? await treeOf(env, repository, end.branch) : null,
    durationMs: Date.now() - startedMs,
    begun: machine.counter.begun,
    ledger: await ledgerOf(machine, events),
    opened: events.flatMap((event) =>
      event.type === 'approval.opened' ? [event.approval.approvalId as string] : [],
    ),
    accepted: person.accepted,
    unexpected: person.unexpected,
    unanswered,
    turns: machine.model.requests.flatMap(({ kind, turn }) =>
      kind === 'turn' && turn !== null ? [turn] : [],
    ),
    refused: stage.refused,
    recordedIterations: recording.responses.length,
    left: end === undefined ? [] : await leftoversOf(machine.home, recording.taskId),
  };
}

async function ledgerOf(
  { client }: Machine,
  events: readonly TaskEvent[],
): Promise<readonly IterationRecord[]> {
  const digests = events.flatMap((event) => (event.type === 'iteration.recorded' ? [event.digest] : []));
  const bytes = await Promise.all(digests.map((digest) => client.artifact(digest)));
  return bytes.map((one) => IterationRecordSchema.parse(JSON.parse(new TextDecoder().decode(one))));
}

/** What really lies in the copy's repository, whatever the task says of it. */
async function treeOf(env: Environment, repository: string, branch: string): Promise<TreeId | null> {
  const git = createGit({ environment: env });
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{tree}`];
  const { exitCode, stdout } = await git({ gitDir: repository, args });
  return exitCode === 0 ? TreeIdSchema.parse(stdout.toString().trim()) : null;
}

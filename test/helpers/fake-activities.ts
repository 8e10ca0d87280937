import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { putJson } from '../../activities/artifact-json.ts';
import { createAuthorize } from '../../activities/authorize.ts';
import { decideAhead } from '../../activities/decide-ahead.ts';
import { createKeepConstraints } from '../../activities/keep-constraints.ts';
import { createLoadEdited } from '../../activities/load-edited.ts';
import { createOpenApproval } from '../../activities/open-approval.ts';
import { createProposeDelivery } from '../../activities/propose-delivery.ts';
import { withPulse } from '../../activities/pulse.ts';
import { createRecord } from '../../activities/record.ts';
import type { ActionBody } from '../../contracts/action.ts';
import type {
  EvaluateInput,
  EvaluateOutput,
  LocalActivities,
  TaskActivities,
  WorkspaceRef,
} from '../../contracts/activities.ts';
import type { ArtifactStore } from '../../contracts/artifact-store.ts';
import { digestOf } from '../../contracts/digest.ts';
import type { Evaluation } from '../../contracts/evaluation.ts';
import type { CommitId, LeaseId, TaskId, TreeId } from '../../contracts/ids.ts';
import type { Notification } from '../../contracts/notifier.ts';
import { fakeAction, fakeCheck, fakeCompaction, fakePlanRecord } from './fake-facts.ts';

/** What the model and the checks give in one iteration. */
export interface FakeIteration {
  /** None: the model says that it is done. */
  readonly actions?: readonly ActionBody[];
  /** Otherwise `deliver` when the model is done and `continue` when it is not. */
  readonly evaluation?: Partial<Evaluation>;
  readonly stuckFor?: number;
  /** True: no check has to run, so the execution is judged at once. */
  readonly judgedAtOnce?: boolean;
  /** The sandbox is lost while the actions run: they leave nothing behind. */
  readonly sandboxLost?: boolean;
  /** False: the checks fail in the fresh sandbox. */
  readonly verified?: boolean;
  readonly costUsd?: number | null;
  /** True: the plan could not say what policy says of its actions. */
  readonly undecided?: boolean;
  /** The transcript is compacted first, for this much. */
  readonly compactionUsd?: number;
  /** No call is made while less than this is left. */
  readonly estimatedUsd?: number;
}

export type Stage = keyof TaskActivities;
type InputOf<S extends Stage> = Parameters<TaskActivities[S]>[0];

/** A stage that stands still in its next call. */
export interface Hold {
  readonly reached: Promise<void>;
  release(): void;
}

/** One task's plot, and what the workflow has asked for so far. */
export interface FakeTask {
  readonly calls: readonly Stage[];
  inputs<S extends Stage>(stage: S): readonly InputOf<S>[];
  /** The next calls of a stage throw these, one each. */
  fail(stage: Stage, ...errors: readonly Error[]): void;
  /** A stubborn one does not heed a cancellation. */
  hold(stage: Stage, stubborn?: boolean): Hold;
  /** Policy, where it is asked apart from a plan, stands still the next time. */
  holdPolicy(): Hold;
  /** What was told outside, each try of it. */
  readonly told: readonly Notification[];
  /** The next tries of telling throw these. */
  deafen(...errors: readonly Error[]): void;
}

export interface FakeActivities {
  readonly activities: TaskActivities & LocalActivities;
  task(taskId: TaskId, plot: (iteration: number) => FakeIteration): FakeTask;
}

interface Play {
  readonly plot: (iteration: number) => FakeIteration;
  readonly calls: { readonly stage: Stage; readonly input: unknown }[];
  readonly faults: Map<Stage, Error[]>;
  readonly holds: Map<
    Stage,
    { reach(): void; readonly released: Promise<void>; readonly stubborn: boolean }[]
  >;
  /** The workspace at the end of each iteration; 0 is the base. */
  readonly ends: Map<number, WorkspaceRef>;
  readonly policyHolds: { reach(): void; readonly released: Promise<void> }[];
  readonly told: Notification[];
  readonly deaf: Error[];
}

const gitObject = (text: string) => createHash('sha1').update(text).digest('hex');

/** The activities that reach outside are played; those that decide, ask and record are the real ones, over the given store. */
export function createFakeActivities(artifacts: ArtifactStore): FakeActivities {
  const plays = new Map<string, Play>();
  const authorize = createAuthorize({ artifacts });
  const enter = async (stage: Stage, taskId: string, input: unknown): Promise<Play> => {
    const play = plays.get(taskId);
    if (!play) throw new Error(`no play for the task ${taskId}`);
    play.calls.push({ stage, input });
    const fault = play.faults.get(stage)?.shift();
    if (fault) throw fault;
    const hold = play.holds.get(stage)?.shift();
    if (hold) {
      hold.reach();
      const { cancelled } = Context.current();
      await withPulse(stage, () =>
        hold.stubborn ? hold.released : Promise.race([hold.released, cancelled]),
      );
    }
    return play;
  };
  return {
    activities: {
      ...playedStages(artifacts, enter),
      async authorize(input) {
        const hold = plays.get(input.taskId)?.policyHolds.shift();
        hold?.reach();
        await hold?.released;
        return authorize(input);
      },
      openApproval: createOpenApproval({ artifacts }),
      record: createRecord({ artifacts }),
      proposeDelivery: createProposeDelivery({ artifacts }),
      loadEdited: createLoadEdited({ artifacts }),
      keepConstraints: createKeepConstraints({ artifacts }),
      async notify({ notification }) {
        const play = plays.get(notification.taskId);
        play?.told.push(notification);
        const fault = play?.deaf.shift();
        if (fault) throw fault;
      },
    },
    task(taskId, plot) {
      const play: Play = {
        plot,
        calls: [],
        faults: new Map(),
        holds: new Map(),
        ends: new Map(),
        policyHolds: [],
        told: [],
        deaf: [],
      };
      plays.set(taskId, play);
      return fakeTask(play);
    },
  };
}

function fakeTask({ calls, faults, holds, policyHolds, told, deaf }: Play): FakeTask {
  return {
    told,
    deafen: (...errors) => void deaf.push(...errors),
    get calls() {
      return calls.map((call) => call.stage);
    },
    inputs: <S extends Stage>(stage: S) =>
      calls.filter((call) => call.stage === stage).map((call) => call.input as InputOf<S>),
    fail: (stage, ...errors) => faults.set(stage, [...(faults.get(stage) ?? []), ...errors]),
    hold(stage, stubborn = false) {
      const { inside, hold } = newHold();
      holds.set(stage, [...(holds.get(stage) ?? []), { ...inside, stubborn }]);
      return hold;
    },
    holdPolicy() {
      const { inside, hold } = newHold();
      policyHolds.push(inside);
      return hold;
    },
  };
}

/** Both sides of a hold. */
function newHold() {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  return { inside: { reach, released }, hold: { reached, release } };
}

type Enter = (stage: Stage, taskId: string, input: unknown) => Promise<Play>;

function playedStages(artifacts: ArtifactStore, enter: Enter): TaskActivities {
  return {
    async fetchRepository(input) {
      const play = await enter('fetchRepository', input.spec.taskId, input);
      const commit = gitObject('base commit') as CommitId;
      const tree = gitObject('base tree') as TreeId;
      const workspace = { baseCommit: commit, commit, tree, manifestDigest: null, leaseNumber: 1 };
      play.ends.set(0, workspace);
      return { specDigest: await putJson(artifacts, input.spec), workspace, baseBranch: 'main', notes: [] };
    },
    async perceive(input) {
      await enter('perceive', input.taskId, input);
      const check = fakeCheck('failed');
      return {
        contextDigest: digestOf(Buffer.from('context')),
        workspace: input.workspace,
        sandbox: sandboxOf(input.taskId, input.workspace),
        checks: [{ name: check.name, command: check.name, required: true, baseline: check }],
        checksFrom: 'package.json',
        summary: ['JavaScript'],
        files: 7,
      };
    },
    async plan(input) {
      const { plot } = await enter('plan', input.taskId, input);
      const {
        actions = [],
        costUsd = 0.01,
        estimatedUsd = 0,
        compactionUsd,
        undecided = false,
      } = plot(input.iteration);
      const left = (input.budget.maxUsd ?? Number.POSITIVE_INFINITY) - (input.usage.costUsd ?? 0);
      if (estimatedUsd > left) return { status: 'over_budget', estimatedUsd };
      if (compactionUsd !== undefined && input.compaction === null)
        return fakeCompaction(input, compactionUsd);
      const named = await Promise.all(
        actions.map((body, index) => fakeAction(artifacts, input.iteration, index, body)),
      );
      return {
        status: 'planned',
        iteration: input.iteration,
        record: fakePlanRecord(costUsd, input),
        transcript: {
          digest: digestOf(Buffer.from(`transcript ${input.iteration}`)),
          items: input.iteration * 2,
          tokens: 900,
          dialect: 'fake',
        },
        actions: named,
        steps: [{ step: 'make the test pass', status: 'in_progress' }],
        message: `iteration ${input.iteration}`,
        done: actions.length === 0,
        decisions: undecided ? null : await decideAhead(createAuthorize({ artifacts }), input, named),
      };
    },
    async execute(input) {
      const play = await enter('execute', input.taskId, input);
      const { workspace: before, actions, iteration } = input;
      const { judgedAtOnce = false, sandboxLost = false } = play.plot(iteration);
      const after = gitObject(`${before.tree} ${actions.map((a) => a.digest).join(' ')}`);
      const changed = {
        ...before,
        tree: after as TreeId,
        commit: gitObject(`commit of ${after}`) as CommitId,
        manifestDigest: digestOf(Buffer.from(after)),
      };
      const workspace = sandboxLost ? before : changed;
      play.ends.set(iteration, workspace);
      const { tree, commit, manifestDigest } = workspace;
      return {
        observations: actions.map(({ id }) => ({
          actionId: id,
          status: sandboxLost ? 'lost' : 'ok',
          exitCode: sandboxLost ? null : 0,
          outputDigest: digestOf(Buffer.from('output')),
          outputBytes: 6,
          note: '',
          durationMs: 10,
        })),
        checkpoint: {
          before: before.tree,
          after: tree,
          commit,
          manifestDigest,
          filesChanged: 1,
          linesChanged: 3,
          leftOut: [],
        },
        workspace,
        sandbox: sandboxOf(input.taskId, workspace),
        sandboxLost,
        evaluated: judgedAtOnce ? judged(play, { ...input, workspace }) : null,
      };
    },
    async evaluate(input) {
      const play = await enter('evaluate', input.taskId, input);
      if (!play.ends.has(input.iteration)) play.ends.set(input.iteration, input.workspace);
      return judged(play, input);
    },
    async verifyDelivery(input) {
      const { plot } = await enter('verifyDelivery', input.taskId, input);
      const { verified = true } = plot(input.iteration);
      return { checks: [fakeCheck(verified ? 'passed' : 'failed')], passed: verified };
    },
    async deliver(input) {
      await enter('deliver', input.taskId, input);
      return {
        branch: `longhaul/${input.taskId}`,
        commit: gitObject('delivered') as CommitId,
        baseMovedBy: 0,
        mergesCleanly: true,
      };
    },
    async rollBack(input) {
      const play = await enter('rollBack', input.taskId, input);
      const workspace = play.ends.get(input.toIteration);
      if (!workspace) throw new Error(`no end of iteration ${input.toIteration}`);
      return { workspace, iteration: input.toIteration };
    },
    async releaseSandboxes(input) {
      await enter('releaseSandboxes', input.taskId, input);
    },
  };
}

function judged(play: Play, { iteration, modelSaysDone: done, workspace }: EvaluateInput): EvaluateOutput {
  const { evaluation = {}, stuckFor = 0 } = play.plot(iteration);
  return {
    evaluation: {
      checks: [fakeCheck(done ? 'passed' : 'failed')],
      progress: done ? 1 : 0,
      confidence: 1,
      concerns: [],
      next: done ? 'deliver' : 'continue',
      reason: done ? '1 of 1 checks pass' : 'failing: npm test',
      failureSignature: done ? '' : 'npm test',
      ...evaluation,
    },
    stuckFor,
    workspace,
  };
}

function sandboxOf(taskId: TaskId, { leaseNumber }: WorkspaceRef) {
  return {
    backend: 'local' as const,
    imageDigest: digestOf(Buffer.from('image')),
    specDigest: digestOf(Buffer.from('spec')),
    setupDigest: null,
    leaseId: `${taskId}.${leaseNumber}` as LeaseId,
  };
}

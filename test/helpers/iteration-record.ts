import { putJson } from '../../activities/artifact-json.ts';
import type { PlanOutput } from '../../contracts/activities.ts';
import type { Decision } from '../../contracts/decision.ts';
import type { Evaluation } from '../../contracts/evaluation.ts';
import type { CommitId, Digest, LeaseId, TaskId, TreeId } from '../../contracts/ids.ts';
import type { Observation } from '../../contracts/observation.ts';
import type { Checkpoint, IterationRecord } from '../../contracts/record.ts';
import type { TaskFixture } from './task-fixture.ts';

export type Planned = Extract<PlanOutput, { status: 'planned' }>;

export interface RecordParts {
  readonly planned: Planned;
  readonly previous: Digest | null;
  /** By the action's id; one that is not named ran well and wrote nothing. */
  readonly observations?: Readonly<Record<string, Partial<Observation>>>;
  readonly evaluate?: Partial<Evaluation>;
  readonly steers?: IterationRecord['steers'];
  readonly checkpoint?: Partial<Checkpoint>;
}

const someDigest = `sha256:${'0'.repeat(64)}` as Digest;
const allowed: Decision = {
  outcome: 'allow',
  ruleId: 'test/all',
  policyDigest: someDigest,
  reason: '',
  standingRule: null,
};

export const evaluationOf = (more: Partial<Evaluation> = {}): Evaluation => ({
  checks: [],
  progress: 0,
  confidence: 1,
  concerns: [],
  next: 'continue',
  reason: '',
  failureSignature: '',
  ...more,
});

/** The record of an iteration, as the workflow makes it. */
export function recordOf(
  task: Pick<TaskFixture, 'base' | 'contextDigest' | 'leaseId'> & {
    readonly spec: Pick<TaskFixture['spec'], 'taskId'>;
  },
  parts: RecordParts,
): IterationRecord {
  const { planned, previous, observations = {} } = parts;
  const { base, spec } = task;
  const ran = (actionId: Observation['actionId']): Observation => ({
    actionId,
    status: 'ok',
    exitCode: 0,
    outputDigest: null,
    outputBytes: 0,
    note: '',
    durationMs: 100,
    ...observations[actionId],
  });
  return {
    schemaVersion: 1,
    taskId: spec.taskId,
    iteration: planned.iteration,
    previous,
    workerVersion: 'test',
    perceive: { contextDigest: task.contextDigest, treeDigest: base.tree, baseCommit: base.baseCommit },
    plan: planned.record,
    sandbox: {
      backend: 'local',
      imageDigest: someDigest,
      specDigest: someDigest,
      setupDigest: null,
      leaseId: task.leaseId(),
    },
    actions: planned.actions.map((action) => ({
      ...action,
      decision: allowed,
      approvalId: null,
      observation: ran(action.id),
    })),
    approvals: [],
    steers: parts.steers ?? [],
    checkpoint: {
      before: base.tree,
      after: base.tree,
      commit: base.commit,
      manifestDigest: null,
      filesChanged: 0,
      linesChanged: 0,
      leftOut: [],
      ...parts.checkpoint,
    },
    evaluate: evaluationOf(parts.evaluate),
    timing: { startedAtMs: 1, endedAtMs: 2, waitedForPeopleMs: 0 },
  };
}

/** The plan of an iteration that asked for nothing. */
export const plannedOf = (iteration: number): Planned => ({
  status: 'planned',
  iteration,
  transcript: { digest: someDigest, items: 1, tokens: 1, dialect: 'scripted' },
  actions: [],
  steps: null,
  message: '',
  done: false,
  record: {
    requestDigest: someDigest,
    toolsDigest: someDigest,
    instructionsDigest: someDigest,
    responseDigest: someDigest,
    model: 'scripted',
    responseId: 'r',
    attempts: 1,
    usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    prefixChangedAt: null,
    droppedDigest: null,
    costUsd: null,
  },
});

/** A record of no task in particular. */
export function someRecord(): IterationRecord {
  const commit = 'a'.repeat(40) as CommitId;
  const base = {
    baseCommit: commit,
    commit,
    tree: 'b'.repeat(40) as TreeId,
    manifestDigest: null,
    leaseNumber: 1,
  };
  const task = {
    base,
    contextDigest: someDigest,
    leaseId: () => 't1.1' as LeaseId,
    spec: { taskId: 't1' as TaskId },
  };
  return recordOf(task, { planned: plannedOf(1), previous: null });
}

export function storeRecord(task: TaskFixture, parts: RecordParts): Promise<Digest> {
  return putJson(task.ports.artifacts, recordOf(task, parts));
}

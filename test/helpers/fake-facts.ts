import { summaryOf } from '../../activities/action-summary.ts';
import { putJson } from '../../activities/artifact-json.ts';
import { addPaid } from '../../activities/usage.ts';
import type { Action, ActionBody } from '../../contracts/action.ts';
import type { PlanInput, PlanOutput } from '../../contracts/activities.ts';
import type { ArtifactStore } from '../../contracts/artifact-store.ts';
import { digestOf } from '../../contracts/digest.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { ActionId, TaskId } from '../../contracts/ids.ts';
import type { PlanRecord } from '../../contracts/record.ts';
import type { TaskSpec } from '../../contracts/task.ts';

const digest = (text: string) => digestOf(Buffer.from(text));

export const shell = (line: string): ActionBody => ({
  kind: 'shell',
  argv: ['bash', '-lc', line],
  line,
  cwd: '.',
  timeoutMs: null,
  justification: null,
});

export const patch = (path: string, text: string): ActionBody => ({
  kind: 'apply_patch',
  patch: `*** Begin Patch\n*** Add File: ${path}\n+${text}\n*** End Patch\n`,
});

export const askHuman = (question: string): ActionBody => ({ kind: 'ask_human', question });

export async function fakeAction(
  artifacts: ArtifactStore,
  iteration: number,
  index: number,
  body: ActionBody,
): Promise<Action> {
  const id = `i${iteration}.a${index}` as ActionId;
  return { id, kind: body.kind, digest: await putJson(artifacts, body), summary: summaryOf(body) };
}

export function fakeCheck(status: CheckResult['status']): CheckResult {
  return {
    name: 'npm test',
    status,
    exitCode: status === 'passed' ? 0 : 1,
    outputDigest: digest(`npm test ${status}`),
    durationMs: 100,
    cached: false,
  };
}

const fakeUsage = { inputTokens: 1000, cachedTokens: 800, outputTokens: 50, reasoningTokens: 10 };

export function fakePlanRecord(
  costUsd: number | null,
  { model, paid, compaction }: Pick<PlanInput, 'model' | 'paid' | 'compaction'>,
): PlanRecord {
  return {
    requestDigest: digest('request'),
    toolsDigest: digest('tools'),
    instructionsDigest: digest('instructions'),
    responseDigest: digest('response'),
    model,
    responseId: 'resp_fake',
    attempts: 1,
    prefixChangedAt: compaction?.keptPrefixItems ?? null,
    droppedDigest: compaction?.droppedDigest ?? null,
    ...addPaid(paid, fakeUsage, costUsd),
  };
}

export function fakeCompaction({ iteration, paid }: PlanInput, costUsd: number): PlanOutput {
  return {
    status: 'compacted',
    transcript: { digest: digest(`compacted ${iteration}`), items: 4, tokens: 90, dialect: 'fake' },
    compaction: { keptPrefixItems: 3, droppedDigest: digest(`dropped ${iteration}`) },
    paid: addPaid(paid, fakeUsage, costUsd),
  };
}

export function fakeSpec(taskId: TaskId, more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    instruction: 'Round amounts to whole cents',
    repository: '/projects/rounding',
    ref: null,
    includeChanges: false,
    checks: [],
    setup: [],
    constraints: [],
    paths: [],
    budget: { maxUsd: null, maxIterations: 50 },
    policy: { name: 'sandboxed', digest: null },
    model: 'gpt-fake',
    requestedBy: 'ann',
    approvalTimeoutMs: 3_600_000,
    ...more,
  };
}

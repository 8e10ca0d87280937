import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { CompactionFacts, Paid, Steer, TranscriptRef } from '../contracts/activities.ts';
import type { Usage } from '../contracts/budget.ts';
import type { TaskState } from '../contracts/task-state.ts';

/** How far the planning of one iteration has come: a compaction that was paid stays, whatever becomes of the call after it. */
export interface PlanProgress {
  readonly transcript: TranscriptRef | null;
  readonly compaction: CompactionFacts | null;
  readonly paid: Paid;
  /** In the transcript already. */
  readonly steers: readonly Steer[];
  readonly notices: readonly string[];
}

export function beginPlanning(state: TaskState): PlanProgress {
  const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const { transcript } = state;
  return { transcript, compaction: null, paid: { usage, costUsd: 0 }, steers: [], notices: [] };
}

/** The task's usage, `before` being what it was when the planning began: what was paid since then is counted once, however often it is told. */
export function charged(before: Usage, now: Usage, { usage, costUsd }: Paid, calls: 0 | 1): Usage {
  return {
    ...now,
    modelCalls: before.modelCalls + calls,
    inputTokens: before.inputTokens + usage.inputTokens,
    cachedTokens: before.cachedTokens + usage.cachedTokens,
    outputTokens: before.outputTokens + usage.outputTokens,
    costUsd: before.costUsd === null || costUsd === null ? null : before.costUsd + costUsd,
  };
}

/** What a plan that failed for good has paid in all, as the activity has told it; undefined when it told nothing. */
export function paidOfFailure(error: unknown): Paid | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const details = cause.details?.[0] as { readonly paid?: string } | undefined;
  return details?.paid === undefined ? undefined : (JSON.parse(details.paid) as Paid);
}

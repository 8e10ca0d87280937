import type { CodingTaskInput, TaskOutcome } from '../../contracts/task-state.ts';
import type { EventBody, HistoryEvent } from './event-body.ts';
import { firstValue } from './payloads.ts';

export function startEvents(event: HistoryEvent): readonly EventBody[] {
  const started = event.workflowExecutionStartedEventAttributes;
  if (!started) return [];
  const input = firstValue(started.input) as Partial<CodingTaskInput> | null | undefined;
  if (input?.type !== 'start' || !input.spec) return [];
  const { instruction, repository, requestedBy, model, policy } = input.spec;
  return [{ type: 'task.started', instruction, repository, requestedBy, model, policy: policy.name }];
}

/** The end of the task; the end of a run that goes on as another is none. */
export function closingEvents(event: HistoryEvent): readonly EventBody[] {
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) {
    const result = firstValue(completed.result) as TaskOutcome | undefined;
    if (!result) return [ended('failed', 'internal.bug: the workflow ended without an outcome')];
    const { taskId: _, ...outcome } = result;
    return [{ type: 'task.finished', ...outcome }];
  }
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed) return [ended('failed', `internal.bug: ${failed.failure?.message ?? 'the workflow failed'}`)];
  if (event.workflowExecutionTerminatedEventAttributes) {
    const reason = event.workflowExecutionTerminatedEventAttributes.reason;
    return [ended('cancelled', `terminated on the Temporal server${reason ? `: ${reason}` : ''}`)];
  }
  if (event.workflowExecutionTimedOutEventAttributes)
    return [ended('failed', 'the workflow ran out of time')];
  if (event.workflowExecutionCanceledEventAttributes)
    return [ended('cancelled', 'cancelled on the Temporal server')];
  return [];
}

function ended(status: 'failed' | 'cancelled', reason: string): EventBody {
  const usage = {
    iterations: 0,
    modelCalls: 0,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    costUsd: null,
    waitedForPeopleMs: 0,
  };
  return {
    type: 'task.finished',
    status,
    branch: null,
    commit: null,
    baseMovedBy: null,
    mergesCleanly: null,
    iterations: 0,
    usage,
    reason,
  };
}

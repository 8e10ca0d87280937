import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { askPeople, questionId } from './ask-people.ts';
import type { Task } from './task.ts';

/** Ends the task without a delivery, from wherever it is. */
export class StopTask extends Error {
  readonly status: 'stopped' | 'failed';

  constructor(status: 'stopped' | 'failed', reason: string) {
    super(reason);
    this.name = 'StopTask';
    this.status = status;
  }
}

const maxFaultCharacters = 2000;

/** A stage's fault, `code: message`; undefined for what is no fault of a stage: a cancellation, a bug of the workflow. */
export function faultText(error: unknown): string | undefined {
  if (isCancellation(error)) return undefined;
  // What a local activity threw comes as it is, without an ActivityFailure around it.
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  const stage = error instanceof ActivityFailure ? error.activityType : 'a local stage';
  if (cause instanceof ApplicationFailure)
    return `${cause.type ?? 'internal.bug'}: ${cause.message}`.slice(0, maxFaultCharacters);
  if (cause instanceof TimeoutFailure)
    return `internal.bug: ${stage} did not end in time (${cause.timeoutType})`;
  return error instanceof ActivityFailure ? `internal.bug: ${stage}: ${error.message}` : undefined;
}

/** A fault here ends the task as `failed`: nothing has been made yet that a person could save. */
export async function orFail<T>(stage: () => Promise<T>): Promise<T> {
  try {
    return await stage();
  } catch (error) {
    const fault = faultText(error);
    throw fault === undefined ? error : new StopTask('failed', fault);
  }
}

/** Runs a stage; a fault that waiting does not cure is put to a person, who mends its cause and grants another try, or lets the task end. */
export async function orAsk<T>(task: Task, name: string, stage: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await stage();
    } catch (error) {
      const fault = faultText(error);
      if (fault === undefined) throw error;
      const approvalId = questionId(task, `fault-${name}`);
      const answers = await askPeople(task, [
        {
          approvalId,
          subject: 'fault',
          title: `${name} failed. Try again?`,
          details: [fault],
          action: null,
          decision: null,
        },
      ]);
      if (answers.get(approvalId)?.outcome !== 'granted') throw new StopTask('stopped', fault);
    }
  }
}

import { isCancellation } from '@temporalio/workflow';
import { type AskOptions, askPeople, type Question, questionId } from './ask-people.ts';
import { faultText, passes, waitForPassing } from './fault.ts';
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

/** Whether an error is one of the ways in which people end a task, and no bug. */
export function endsTask(error: unknown): boolean {
  return error instanceof StopTask || isCancellation(error);
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
export async function orAsk<T>(
  task: Task,
  name: string,
  stage: () => Promise<T>,
  options: AskOptions = {},
): Promise<T> {
  for (;;) {
    try {
      return await stage();
    } catch (error) {
      const fault = faultText(error);
      if (fault === undefined) throw error;
      if (passes(error)) {
        await waitForPassing();
        continue;
      }
      const approvalId = questionId(task, `fault-${name}`);
      const question: Question = {
        approvalId,
        subject: 'fault',
        title: `${name} failed. Try again?`,
        details: [fault],
        action: null,
        decision: null,
      };
      const answers = await askPeople(task, [question], options);
      if (answers.get(approvalId)?.outcome !== 'granted') throw new StopTask('stopped', fault);
    }
  }
}

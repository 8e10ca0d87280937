import { type AskOptions, askOne } from './ask-people.ts';
import { faultText, passes, waitForPassing } from './fault.ts';
import { endIfAsked, StopTask } from './stop-task.ts';
import type { Task } from './task.ts';

/** A fault here ends the task as `failed`: nothing has been made yet that a person could save. */
export async function orFail<T>(stage: () => Promise<T>): Promise<T> {
  try {
    return await stage();
  } catch (error) {
    const fault = faultText(error);
    throw fault === undefined ? error : new StopTask('failed', fault);
  }
}

/** Runs a stage; a fault that passes is waited out, for as long as it lasts and nobody ends the task. Throws the others. */
export async function orWait<T>(task: Task, stage: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await stage();
    } catch (error) {
      if (!passes(error)) throw error;
      endIfAsked(task);
      await waitForPassing(task, tries);
    }
  }
}

/** Runs a stage; a fault that passes is waited out, and one that waiting does not cure is put to a person, who mends its cause and grants another try, or lets the task end. */
export async function orAsk<T>(
  task: Task,
  name: string,
  stage: () => Promise<T>,
  options: AskOptions = {},
): Promise<T> {
  for (;;) {
    try {
      return await orWait(task, stage);
    } catch (error) {
      const fault = faultText(error);
      if (fault === undefined) throw error;
      endIfAsked(task);
      await askToTryAgain(task, name, fault, options);
    }
  }
}

async function askToTryAgain(task: Task, name: string, fault: string, options: AskOptions): Promise<void> {
  const question = { subject: 'fault', title: `${name} failed. Try again?`, detail: fault } as const;
  const { outcome } = await askOne(task, `fault-${name}`, question, options);
  // Withdrawn: a person has changed what it depends on, so it is tried again.
  if (outcome !== 'granted' && outcome !== 'withdrawn') throw new StopTask('stopped', fault);
}

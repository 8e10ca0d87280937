import type { TaskOutcome } from '../contracts/task-state.ts';
import { askOne } from './ask-people.ts';
import { orAsk } from './faults.ts';
import type { IterationEnd } from './iteration.ts';
import { prepared } from './prepared.ts';
import { rollBack } from './stages.ts';
import { endIfAsked, StopTask } from './stop-task.ts';
import type { Task } from './task.ts';

/** What comes after an iteration; null goes on. */
export async function follow(task: Task, { evaluation }: IterationEnd): Promise<TaskOutcome | null> {
  endIfAsked(task);
  const { next, reason } = evaluation;
  switch (next) {
    case 'continue':
    case 'deliver':
    case 'replan':
      return null;
    case 'rollback':
      await goBack(task, task.state.best?.iteration ?? 0, `The platform (${reason})`, false);
      return null;
    case 'ask':
      await askToGoOn(task, reason);
      return null;
    case 'stop':
      throw new StopTask('stopped', reason);
    default:
      throw new Error(`unknown next ${JSON.stringify(next satisfies never)}`);
  }
}

async function askToGoOn(task: Task, reason: string): Promise<void> {
  const question = { subject: 'fault', title: 'The task is stuck. Go on?', detail: reason } as const;
  const answer = await askOne(task, 'go-on', question);
  if (answer.outcome === 'withdrawn') return;
  if (answer.outcome !== 'granted') throw new StopTask('stopped', reason);
  task.apply({ type: 'noticed', notice: `${answer.by.name} says: go on. ${answer.reason}`.trim() });
}

/** Makes the workspace what it was at the end of an iteration; iteration numbers go on, none is used again. */
export async function goBack(task: Task, toIteration: number, who: string, byPerson: boolean): Promise<void> {
  const { taskId, head } = task.state;
  if (head === null) return;
  const { contextDigest } = prepared(task.state);
  // A person may name another iteration while this one cannot be restored.
  const target = () => (byPerson ? (task.state.rollbackTo ?? toIteration) : toIteration);
  const { workspace, iteration } = await orAsk(task, 'rollback', () =>
    rollBack({
      ...{ taskId, contextDigest, head },
      toIteration: target(),
      workspace: prepared(task.state).workspace,
    }),
  );
  if (byPerson && iteration !== target()) return goBack(task, target(), who, byPerson);
  const notice = `${who} rolled the workspace back to the end of iteration ${iteration}. Later changes are gone.`;
  task.apply({ type: 'rolled_back', workspace, notice, byPerson });
}

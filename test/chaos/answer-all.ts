import { setTimeout as delay } from 'node:timers/promises';
import type { TaskClient } from '../../client/task-client.ts';
import { errorCode } from '../../contracts/error.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { goBack } from './script.ts';

const againMs = 200;

/** A person who answers every question of a task but those about faults, and keeps at it while nothing answers. At one of the model's questions they go back instead. */
export function answerAll(client: TaskClient, story: Story): void {
  void (async () => {
    const answered = new Set<string>();
    for (;;) {
      const opened = await story
        .until(
          'approval.opened',
          ({ approval }) => approval.subject !== 'fault' && !answered.has(approval.approvalId),
        )
        .catch(() => undefined);
      if (opened === undefined) return;
      const { approval } = opened;
      answered.add(approval.approvalId);
      const act = approval.approvalId.startsWith(goBack.at)
        ? () => client.rollback(story.taskId, goBack.to, 'tester')
        : () => story.answer(approval, { reason: 'It shall add' });
      await patiently(act);
    }
  })();
}

/** Until it counts: an answer that was not confirmed may have counted, and the task is asked again. */
async function patiently(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      const code = errorCode(error);
      if (code === 'approval.not_found' || code === 'task.ended' || code === 'usage.invalid') return;
      await delay(againMs);
    }
  }
}

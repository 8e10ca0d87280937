import { expect, test } from 'vitest';
import type { TaskId } from '../../contracts/ids.ts';
import type { Notification, Notifier } from '../../contracts/notifier.ts';

export const someNotification = {
  id: 't1:i1.a0:opened',
  type: 'approval.opened',
  taskId: 't1' as TaskId,
  title: 'An action waits for an answer (i1.a0)',
  approvalId: 'i1.a0',
  digest: `sha256:${'a'.repeat(64)}`,
  expiresAtMs: 2,
  atMs: 1,
} as const satisfies Notification;

/** What every notifier keeps to: it takes each kind, also twice, and gives nothing back. */
export function testNotifier(make: () => Promise<Notifier>): void {
  test('takes what waits, a reminder and an end, also twice', async () => {
    const notifier = await make();
    const reminder: Notification = {
      ...someNotification,
      id: 't1:i1.a0:reminder-1',
      type: 'approval.reminder',
    };
    const ended: Notification = {
      id: 't1:ended',
      type: 'task.ended',
      taskId: 't1' as TaskId,
      title: 'The task was delivered',
      status: 'delivered',
      atMs: 3,
    };
    for (const notification of [someNotification, reminder, ended, ended])
      expect(await notifier.notify(notification)).toBeUndefined();
  });
}

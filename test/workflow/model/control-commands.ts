import { command, refusedBy } from './command.ts';
import { cancel, said, withdraw } from './expected.ts';

export const paused = command('pause', async (x, { task, lane }) => {
  await lane.stage.client.pause(task.taskId, 'ann');
  said(x, 'pause', 'ann');
  x.m.paused = true;
});

export const resumed = command('resume', async (x, { task, lane }) => {
  await lane.stage.client.resume(task.taskId, 'ann');
  said(x, 'resume', 'ann');
  x.m.paused = false;
  if (x.m.status === 'paused') x.m.status = 'running';
});

export const rolledBack = (drawn: number) =>
  command(`roll back to ${drawn}`, async (x, { task, lane }) => {
    const { m } = x;
    const to = drawn % (m.iteration + 1);
    const sent = lane.stage.client.rollback(task.taskId, to, 'ann');
    if (to >= m.iteration) return refusedBy(sent).then(() => said(x, 'rollback', 'ann', false));
    await sent;
    said(x, 'rollback', 'ann');
    m.rollbackTo = to;
    withdraw(
      x,
      ({ id, subject }) =>
        ['action', 'question', 'delivery'].includes(subject) || /go-on|fault-rollback/.test(id),
    );
  });

export const cancelled = (mode: 'soft' | 'now') =>
  command(`cancel ${mode}`, async (x, { task, lane }) => {
    await lane.stage.client.cancel(task.taskId, 'ann', { mode });
    said(x, 'cancel', 'ann');
    cancel(x, mode);
  });

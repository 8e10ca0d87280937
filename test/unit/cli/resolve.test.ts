import { describe, expect, it } from 'vitest';
import { resolveApproval } from '../../../cli/resolve-approval.ts';
import { resolveTask } from '../../../cli/resolve-task.ts';
import type { TaskListEntry } from '../../../client/task-client.ts';
import { createFakeTaskClient } from '../../helpers/fake-task-client.ts';
import { commandCard } from '../../helpers/story-events.ts';

function clientWith(...ids: readonly string[]) {
  const client = createFakeTaskClient();
  for (const id of ids) {
    const entry = {
      taskId: id,
      status: 'running',
      instruction: 'x',
      repository: 'y',
      startedAtMs: 0,
      endedAtMs: null,
      approvalId: null,
    };
    client.add({ entry: entry as unknown as TaskListEntry, state: {} as never });
  }
  return client;
}

describe('a task named by the beginning of its id', () => {
  const client = clientWith('fix-date-aaaaa', 'fix-date-bbbbb', 'add-tests-ccccc', 'add');

  it('is the only one that begins so', async () => {
    expect(await resolveTask(client, 'add-t')).toBe('add-tests-ccccc');
  });

  it('is the one of exactly that id, whatever else begins with it', async () => {
    expect(await resolveTask(client, 'add')).toBe('add');
  });

  it('is refused with the choices when several begin so', async () => {
    await expect(resolveTask(client, 'fix')).rejects.toMatchObject({
      code: 'usage.invalid',
      message: expect.stringContaining('  fix-date-aaaaa\n  fix-date-bbbbb'),
    });
  });

  it('may be so new that no list has it', async () => {
    expect(await resolveTask(client, 'brand-new-ddddd')).toBe('brand-new-ddddd');
  });

  it('is not found when it can be no id', async () => {
    await expect(resolveTask(client, 'Not an id')).rejects.toMatchObject({ code: 'task.not_found' });
  });
});

describe('an approval', () => {
  const client = createFakeTaskClient();
  const one = client.addCard(commandCard('ls'));
  const two = client.addCard(commandCard('ls', { approvalId: 'i2.a1' } as Parameters<typeof commandCard>[1]));

  it('need not be named when it is the only one', () => {
    expect(resolveApproval('x', [one], undefined)).toBe(one);
  });

  it('must be named when several wait', () => {
    expect(() => resolveApproval('x', [one, two], undefined)).toThrow(
      /2 approvals wait: say which[\s\S]*i2\.a0[\s\S]*i2\.a1/,
    );
    expect(resolveApproval('x', [one, two], 'i2.a1')).toBe(two);
  });

  it('that does not wait is not found', () => {
    expect(() => resolveApproval('x', [one], 'i9.a9')).toThrow(
      expect.objectContaining({ code: 'approval.not_found' }),
    );
    expect(() => resolveApproval('x', [], undefined)).toThrow(/Nothing waits/);
  });
});

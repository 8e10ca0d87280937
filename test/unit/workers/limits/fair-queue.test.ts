import { expect, it, vi } from 'vitest';
import { createFairQueue, type FairQueue } from '../../../../workers/limits/fair-queue.ts';

const never = new AbortController().signal;

/** Work that lasts until it is told to end, and the order in which it began. */
function play(queue: FairQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const waits = vi.fn();
  const ask = (taskId: string, fairnessKey = taskId, priority = 3, signal = never): Promise<string> =>
    queue.run({ owner: { taskId, fairnessKey, priority }, signal, onWait: waits }, async () => {
      begun.push(taskId);
      await new Promise<void>((resolve) => ends.set(taskId, resolve));
      return taskId;
    });
  const end = async (taskId: string): Promise<void> => {
    ends.get(taskId)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, ask, end, waits };
}

const upTo = (limit: number) => play(createFairQueue((running) => running < limit));

it('no more run at once than there is room for, and what waits is told so', async () => {
  const { begun, ask, end, waits } = upTo(2);
  const all = [ask('a'), ask('b'), ask('c')];
  await vi.waitFor(() => expect(begun).toEqual(['a', 'b']));
  expect(waits).toHaveBeenCalledOnce();
  await end('a');
  expect(begun).toEqual(['a', 'b', 'c']);
  await end('b');
  await end('c');
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
});

it('one task of another person goes before the many that wait already', async () => {
  const { begun, ask, end } = upTo(1);
  for (const task of ['ann1', 'ann2', 'ann3', 'ann4']) void ask(task, 'ann');
  void ask('bob1', 'bob');
  await vi.waitFor(() => expect(begun).toEqual(['ann1']));
  await end('ann1');
  expect(begun).toEqual(['ann1', 'bob1']);
});

it('two persons take turns, however many tasks each has', async () => {
  const { begun, ask, end } = upTo(1);
  for (const task of ['ann1', 'ann2', 'ann3', 'ann4']) void ask(task, 'ann');
  for (const task of ['bob1', 'bob2']) void ask(task, 'bob');
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  for (const task of ['ann1', 'bob1', 'ann2', 'bob2', 'ann3']) await end(task);
  expect(begun).toEqual(['ann1', 'bob1', 'ann2', 'bob2', 'ann3', 'ann4']);
});

it('who holds fewer turns goes first, though served later', async () => {
  const { begun, ask, end } = upTo(3);
  for (const task of ['ann1', 'ann2', 'bob1']) void ask(task, task.slice(0, 3));
  await vi.waitFor(() => expect(begun).toHaveLength(3));
  void ask('ann3', 'ann');
  void ask('bob2', 'bob');
  await end('ann1');
  await end('ann2');
  expect(begun.slice(3)).toEqual(['ann3', 'bob2']);
});

it('of one person’s tasks the one that was served the longest ago goes first', async () => {
  const { begun, ask, end } = upTo(1);
  void ask('a', 'ann');
  await vi.waitFor(() => expect(begun).toEqual(['a']));
  void ask('b', 'ann');
  await end('a');
  void ask('b', 'ann');
  void ask('a', 'ann');
  await end('b');
  expect(begun).toEqual(['a', 'b', 'a']);
});

it('a higher priority goes first, also of somebody who holds more', async () => {
  const { begun, ask, end } = upTo(2);
  void ask('ann1', 'ann');
  void ask('bob1', 'bob');
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  void ask('cem1', 'cem', 4);
  void ask('dan1', 'dan');
  void ask('ann2', 'ann', 1);
  await end('bob1');
  await end('ann2');
  await end('dan1');
  expect(begun.slice(2)).toEqual(['ann2', 'dan1', 'cem1']);
});

it('who is called off while waiting never begins, and holds nobody up', async () => {
  const { begun, ask, end } = upTo(1);
  const off = new AbortController();
  void ask('a');
  const waiting = ask('b', 'b', 3, off.signal);
  void ask('c');
  off.abort(new Error('called off'));
  await expect(waiting).rejects.toThrow('called off');
  await expect(ask('d', 'd', 3, off.signal)).rejects.toThrow('called off');
  await end('a');
  expect(begun).toEqual(['a', 'c']);
});

it('work that fails gives its turn back', async () => {
  const queue = createFairQueue((running) => running < 1);
  const request = {
    owner: { taskId: 'a', fairnessKey: 'a', priority: 3 },
    signal: never,
    onWait: () => undefined,
  };
  await expect(queue.run(request, () => Promise.reject(new Error('it fails')))).rejects.toThrow('it fails');
  expect(await queue.run(request, async () => 'next')).toBe('next');
});

it('room that appears outside is found at the next look', async () => {
  let room = false;
  const queue = createFairQueue(() => room);
  const { begun, ask } = play(queue);
  void ask('a');
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([]);
  room = true;
  queue.look();
  await vi.waitFor(() => expect(begun).toEqual(['a']));
});

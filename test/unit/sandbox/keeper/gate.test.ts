import { expect, test } from 'vitest';
import { createGate } from '../../../../sandbox/keeper/gate.ts';

test('work that wants the gate alone waits for the sharers before it and holds up those after it', async () => {
  const gate = createGate();
  const order: string[] = [];
  const releases: (() => void)[] = [];
  const held = (name: string) => () =>
    new Promise<void>((resolve) => {
      order.push(name);
      releases.push(resolve);
    });
  const all = [
    gate.shared(held('a')),
    gate.shared(held('b')),
    gate.alone(held('alone')),
    gate.shared(held('c')),
  ];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await settle();
  expect(order).toEqual(['a', 'b']);
  releases[0]?.();
  await settle();
  expect(order).toEqual(['a', 'b']);
  releases[1]?.();
  await settle();
  expect(order).toEqual(['a', 'b', 'alone']);
  releases[2]?.();
  await settle();
  expect(order).toEqual(['a', 'b', 'alone', 'c']);
  releases[3]?.();
  await Promise.all(all);
});

test('work that fails opens the gate all the same', async () => {
  const gate = createGate();
  await expect(gate.alone(() => Promise.reject(new Error('first')))).rejects.toThrow('first');
  expect(await gate.shared(async () => 'second')).toBe('second');
});

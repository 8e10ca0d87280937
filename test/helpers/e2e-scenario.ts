import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { TaskId } from '../../contracts/ids.ts';
import type { ScenarioInput } from '../../models/scripted/scenario.ts';
import type { Files, World } from './e2e-world.ts';

type ConversationInput = NonNullable<ScenarioInput['conversations']>[number];
export type TurnInput = ConversationInput['turns'][number];

/** A repository whose one test fails until `sum` adds. */
export const brokenSum: Files = {
  'package.json': '{ "type": "module" }\n',
  'sum.js': 'export const sum = (a, b) => a - b;\n',
  'test.js': "import { sum } from './sum.js';\nif (sum(2, 3) !== 5) throw new Error('2 + 3 is 5');\n",
};
export const sumCheck = { name: 'node test.js', command: 'node test.js' };

export const mendSum = [
  '*** Begin Patch',
  '*** Update File: sum.js',
  '@@',
  '-export const sum = (a, b) => a - b;',
  '+export const sum = (a, b) => a + b;',
  '*** End Patch',
].join('\n');

/** What the model says in tasks whose instruction holds `name` in parentheses. */
export function conversation(name: string, turns: readonly TurnInput[]): ConversationInput {
  return { name, match: `\\(${name}\\)`, turns: [...turns], optional: true };
}

/** The last two turns of a task that mends `sum`. */
export const mendAndDone: readonly TurnInput[] = [
  { reply: [{ apply_patch: mendSum }] },
  { reply: [{ message: 'It adds now.' }] },
];

/** A command that says in the workspace that it ran, and then waits until the test lets it go on. */
export const countedAndHeld = [
  'echo ran >> runs.log',
  'touch /tmp/begun',
  'while [ ! -e /tmp/go ]; do sleep 0.05; done',
  'echo went on',
].join('; ');

/** Waits until a command in a task's newest sandbox has made this file in its `/tmp`. */
export function untilMade(world: World, taskId: TaskId, name: string): Promise<void> {
  return vi.waitFor(
    () => {
      if (!existsSync(join(world.lease(taskId), 'tmp', name)))
        throw new Error(`${taskId} has made no ${name}`);
    },
    { timeout: 60_000, interval: 20 },
  );
}

/** Lets what waits for a file in its `/tmp` go on. */
export function letGo(world: World, taskId: TaskId, name = 'go'): void {
  writeFileSync(join(world.lease(taskId), 'tmp', name), '');
}

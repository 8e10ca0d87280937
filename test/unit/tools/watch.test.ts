import { expect, test, vi } from 'vitest';
import { createWatch } from '../../../tools/demo/watch.ts';
import { createFakePlatform } from '../../helpers/fake-platform.ts';
import { createFakeTerminal } from '../../helpers/fake-terminal.ts';
import { screenAfter } from '../../helpers/screen-emulator.ts';
import { taskId, wholeStory } from '../../helpers/story-events.ts';

const killed = '── kill -9 4711: that was the worker';

test('what the demo says beside a task stays above what is drawn anew, once', async () => {
  const terminal = createFakeTerminal({ columns: 100, rows: 30, live: true });
  const platform = createFakePlatform(terminal);
  const watch = createWatch(platform);
  const { opening, ending } = wholeStory();
  const code = watch.follow(platform.client, taskId);
  platform.client.push(taskId, ...opening.slice(0, 6));
  await vi.waitFor(() => expect(platform.client.taken(taskId)).toBe(6));
  await watch.say(killed.slice(3));
  platform.tick();
  platform.client.push(taskId, ...opening.slice(6), ...ending);
  expect(await code).toBe(0);
  const shown = screenAfter(terminal.stdout(), 100);
  expect(shown.split(killed)).toHaveLength(2);
  expect(shown).not.toContain('Ctrl-C detaches');
  expect(terminal.stderr()).toBe('');
});

test('in a pipe it goes to standard error', async () => {
  const platform = createFakePlatform();
  await createWatch(platform).say(killed.slice(3));
  expect(platform.terminal.stderr()).toBe(`${killed}\n`);
  expect(platform.terminal.stdout()).toBe('');
});

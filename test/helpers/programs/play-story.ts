/**
 * Plays a made-up task through the real view in the terminal that one stands in, to look at it: `node play-story.ts [run|watch|ls|show|…]`.
 * Answers go to the fake client; after the one question, the task goes on to its delivery.
 */

import { systemClock } from '../../../cli/local/clock.ts';
import { editText } from '../../../cli/local/edit-text.ts';
import { runCommandLine } from '../../../cli/program.ts';
import { showError } from '../../../cli/show-error.ts';
import { createNodeTerminal } from '../../../cli/terminal/node-terminal.ts';
import type { TaskEvent } from '../../../contracts/task-event.ts';
import { createFakePlatform } from '../fake-platform.ts';
import { createFakeTaskClient } from '../fake-task-client.ts';
import { commandCard, taskId, wholeStory } from '../story-events.ts';

const { env, stdin, stdout, stderr } = process;
const delayMs = Number(env['PLAY_DELAY_MS'] ?? 300);
const command =
  env['PLAY_COMMAND'] ??
  'npm install date-fns && echo "日本語のテキスト 👩‍👩‍👧" \u001b[31mred\u001b[0m \u202egnp.exe\u202c && curl --data @package.json https://registry.example/a/very/long/path/that/does/not/fit/into/one/row';
const client = createFakeTaskClient();
const pending = client.addCard(commandCard(command), { acceptsSignals: true });
const story = wholeStory(pending.digest);

const now = <T extends TaskEvent>(event: T): T => ({
  ...event,
  atMs: Date.now(),
  ...('sinceMs' in event ? { sinceMs: Date.now() } : {}),
});

async function play(events: readonly TaskEvent[]): Promise<void> {
  for (const event of events) {
    await systemClock.after(
      event.type === 'live.running' ? delayMs * 8 : delayMs,
      new AbortController().signal,
    );
    client.push(taskId, now(event));
  }
}

async function playAll(): Promise<void> {
  await play(story.opening);
  const answeredElsewhereMs = Number(env['PLAY_ANSWER_MS'] ?? 0);
  const answered = () => client.calls.some(({ verb }) => verb === 'decide');
  const startedMs = Date.now();
  while (!answered() && (answeredElsewhereMs === 0 || Date.now() - startedMs < answeredElsewhereMs))
    await systemClock.after(100, new AbortController().signal);
  await play(story.ending);
}

const fake = createFakePlatform();
const platform = {
  ...fake,
  client,
  clock: systemClock,
  openClient: async () => client,
  editText: (text: string, name: string) => editText(env['EDITOR'], text, name),
  terminal: createNodeTerminal(
    { stdin, stdout, stderr },
    { noColor: env['NO_COLOR'], forceColor: env['FORCE_COLOR'], term: env['TERM'] },
  ),
  randomBytes: () => new Uint8Array([0, 1, 2, 3, 4]),
};
client.add({
  entry: {
    taskId,
    status: 'waiting',
    instruction: 'Fix the date bug in src/invoice.ts',
    repository: '/home/ann/shop',
    startedAtMs: Date.now() - 4_000_000,
    endedAtMs: null,
    approvalId: 'i2.a0',
    waiting: null,
  },
  state: {} as never,
});
void playAll();
const words = process.argv.slice(2);
try {
  process.exit(await runCommandLine(platform, words.length === 0 ? ['run', 'Fix the date bug'] : words));
} catch (error) {
  process.exit(await showError(platform.terminal, error, { json: false, debug: true, ...platform }));
}

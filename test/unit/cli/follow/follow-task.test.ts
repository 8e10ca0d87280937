import { describe, expect, it, vi } from 'vitest';
import { followTask } from '../../../../cli/follow/follow-task.ts';
import { createScreen } from '../../../../cli/terminal/screen.ts';
import type { TerminalFacts } from '../../../../cli/terminal/terminal.ts';
import type { TaskEvent } from '../../../../contracts/task-event.ts';
import { createFakePlatform } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal } from '../../../helpers/fake-terminal.ts';
import { screenAfter } from '../../../helpers/screen-emulator.ts';
import { commandCard, event, taskId, usage, wholeStory } from '../../../helpers/story-events.ts';

const window = { columns: 100, rows: 30, live: true, interactive: true };

function following(
  facts: Partial<TerminalFacts> = window,
  options: { json?: boolean; liveEvents?: boolean } = {},
  program = 'longhaul',
) {
  const terminal = createFakeTerminal(facts);
  const platform = createFakePlatform(terminal, { program });
  const { client } = platform;
  const pending = client.addCard(commandCard('npm install date-fns'), { acceptsSignals: true });
  const story = wholeStory(pending.digest);
  const follow = { json: false, liveEvents: false, asked: [], ...options };
  const code = followTask(platform, client, createScreen(terminal), taskId, follow);
  const settle = async () => {
    await vi.waitFor(() => expect(platform.waiting()).toBe(1));
    platform.passTime();
  };
  const shown = () => screenAfter(terminal.stdout(), 100);
  return { terminal, platform, client, story, code, settle, shown };
}

const stopped = (reason: string) =>
  event(60, {
    type: 'task.finished',
    status: 'stopped',
    branch: null,
    commit: null,
    baseMovedBy: null,
    mergesCleanly: null,
    iterations: 2,
    usage,
    reason,
  });

describe('following a task on a terminal', () => {
  it('names commands as they can be typed, in what it tells and in what it shows of now', async () => {
    const { client, shown, code, story } = following(window, {}, './bin/longhaul');
    const what = 'no free worker: "longhaul up" starts one (plan waits)';
    client.push(
      taskId,
      ...story.opening.slice(0, 3),
      event(9, { type: 'live.running', what, sinceMs: 0, tail: '' }),
    );
    await vi.waitFor(() => expect(shown()).toContain('no free worker: "./bin/longhaul up" starts one'));
    client.push(taskId, stopped('no key: see "longhaul doctor"'));
    expect(await code).toBe(3);
    expect(shown()).toContain('no key: see "./bin/longhaul doctor"');
  });

  it('asks what waits, sends the answer, and goes on to the end', async () => {
    const { client, story, terminal, settle, code, shown, platform } = following();
    client.push(taskId, ...story.opening);
    await settle();
    await vi.waitFor(() => expect(terminal.question()).toBe('  your answer: '));
    terminal.type('a');
    await vi.waitFor(() =>
      expect(client.calls).toEqual([expect.objectContaining({ verb: 'decide', taskId })]),
    );
    client.push(taskId, event(30, { type: 'task.steered', text: 'Be quick', by: 'bob' }));
    await vi.waitFor(() => expect(client.taken(taskId)).toBe(story.opening.length + 1));
    // Until its answer comes back as an event, it is not asked again.
    expect(platform.waiting()).toBe(0);
    client.push(taskId, ...story.ending);
    expect(await code).toBe(0);
    expect(shown()).toContain('✓ Delivered');
    expect(terminal.question()).toBeNull();
  });

  it('does not ask what was answered long ago', async () => {
    const { client, story, terminal, code, platform } = following();
    client.push(taskId, ...story.opening, ...story.ending);
    expect(await code).toBe(0);
    expect(terminal.questions).toEqual([]);
    expect(platform.waiting()).toBe(0);
  });

  it('closes the question when it is answered elsewhere, and says so', async () => {
    const { client, story, terminal, settle, code, shown } = following();
    client.push(taskId, ...story.opening);
    await settle();
    await vi.waitFor(() => expect(terminal.question()).not.toBeNull());
    client.push(taskId, ...story.ending);
    expect(await code).toBe(0);
    expect(client.calls).toEqual([]);
    expect(shown()).toMatch(/settled elsewhere meanwhile:\n {2}✗ rejected by bob/);
  });

  it('tells what happens during a question after it, and keeps the question', async () => {
    const { client, story, terminal, settle, code, shown } = following();
    client.push(taskId, ...story.opening);
    await settle();
    await vi.waitFor(() => expect(terminal.question()).not.toBeNull());
    const before = terminal.stdout();
    client.push(taskId, event(30, { type: 'task.steered', text: 'Be quick', by: 'bob' }));
    await vi.waitFor(() => expect(client.taken(taskId)).toBe(story.opening.length + 1));
    terminal.type('l');
    expect(await code).toBe(130);
    expect(before).not.toContain('Be quick');
    expect(shown()).toContain('bob steers: Be quick');
  });

  it('is left by Ctrl-C: the task goes on, and how to come back is said', async () => {
    const { client, story, terminal, code, shown } = following();
    client.push(taskId, ...story.opening.slice(0, 3));
    await vi.waitFor(() => expect(terminal.stdout()).toContain('preparing'));
    terminal.interrupt();
    expect(await code).toBe(130);
    expect(shown()).toMatch(
      /Detached; the task goes on\. Attach again with:\n {2}longhaul watch fix-the-date-bug-abcde\n$/,
    );
    expect(shown()).not.toContain('▸');
    expect(client.calls).toEqual([]);
    await vi.waitFor(() => expect(client.watching()).toBe(0));
  });

  it('is left by "later", and by Ctrl-C at a question', async () => {
    for (const leave of ['later', 'interrupt'] as const) {
      const { client, story, terminal, settle, code } = following();
      client.push(taskId, ...story.opening);
      await settle();
      await vi.waitFor(() => expect(terminal.question()).not.toBeNull());
      if (leave === 'later') terminal.type('l');
      else terminal.interrupt();
      expect(await code).toBe(130);
      expect(client.calls).toEqual([]);
      expect(terminal.listeners()).toBe(0);
    }
  });

  it('draws the clock anew each second, and nothing of it remains', async () => {
    const { client, story, platform, terminal, code, shown } = following();
    client.push(taskId, ...story.opening.slice(0, 4));
    await vi.waitFor(() => expect(terminal.stdout()).toContain('asking gpt-test'));
    const before = terminal.stdout().length;
    platform.tick();
    await vi.waitFor(() => expect(terminal.stdout().length).toBeGreaterThan(before));
    client.push(taskId, stopped('enough'));
    await code;
    expect(shown().match(/▸/g)).toBeNull();
  });
});

describe('following a task in a pipe', () => {
  it('prints the commands that answer, once, and no cursor movement', async () => {
    const { client, story, terminal, settle, code, platform } = following({});
    client.push(taskId, ...story.opening);
    await settle();
    await vi.waitFor(() => expect(terminal.stdout()).toContain('To answer, type one of:'));
    client.push(taskId, event(30, { type: 'task.steered', text: 'Be quick', by: 'bob' }));
    await vi.waitFor(() => expect(client.taken(taskId)).toBe(story.opening.length + 1));
    expect(platform.waiting()).toBe(0);
    client.push(taskId, ...story.ending);
    expect(await code).toBe(0);
    expect(terminal.stdout().match(/longhaul approve fix-the-date-bug-abcde i2\.a0$/gm)).toHaveLength(1);
    expect(terminal.stdout()).toContain('temporal workflow signal --address 127.0.0.1:7233');
    expect(terminal.stdout()).not.toContain('\u001b');
    expect(terminal.questions).toEqual([]);
  });
});

describe('following a task as JSON', () => {
  const parsed = (text: string): TaskEvent[] =>
    text
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));

  it('gives every lasting event as it is, the end last, and nothing else on standard output', async () => {
    const { client, story, terminal, settle, code } = following({}, { json: true });
    client.push(taskId, ...story.opening);
    await settle();
    await vi.waitFor(() => expect(terminal.stderr()).toContain('longhaul approve'));
    client.push(taskId, ...story.ending);
    expect(await code).toBe(0);
    const whole = [...story.opening, ...story.ending].filter(({ type }) => !type.startsWith('live.'));
    expect(parsed(terminal.stdout())).toEqual(whole);
    expect(parsed(terminal.stdout()).at(-1)).toMatchObject({
      type: 'task.finished',
      taskId,
      status: 'delivered',
      branch: `longhaul/${taskId}`,
    });
  });

  it('gives what runs right now when it is wanted', async () => {
    const { client, story, terminal, code } = following({}, { json: true, liveEvents: true });
    client.push(taskId, ...story.opening, ...story.ending);
    expect(await code).toBe(0);
    expect(parsed(terminal.stdout())).toEqual([...story.opening, ...story.ending]);
  });

  it('asks nobody, also on a terminal', async () => {
    const { client, story, terminal, settle, code } = following(window, { json: true });
    client.push(taskId, ...story.opening);
    await settle();
    client.push(taskId, ...story.ending);
    expect(await code).toBe(0);
    expect(terminal.questions).toEqual([]);
    expect(terminal.stdout()).not.toContain('\u001b');
  });
});

describe('the exit code', () => {
  it.each([
    ['enough', 3],
    ['model.quota_exhausted: no credit', 5],
    ['repository.not_found: no such folder', 6],
    ['no.such_code: x', 3],
  ])('of a task that stopped for %j is %i', async (reason, wanted) => {
    const { client, code } = following({});
    client.push(taskId, stopped(reason));
    expect(await code).toBe(wanted);
  });

  it('is that of a failure when the task was terminated from outside', async () => {
    const { client, story, code } = following({});
    client.push(taskId, ...story.opening.slice(0, 2));
    client.end(taskId);
    await expect(code).rejects.toMatchObject({ code: 'task.failed' });
  });
});

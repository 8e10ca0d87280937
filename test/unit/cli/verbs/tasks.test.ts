import { describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../../cli/program.ts';
import type { TaskListEntry } from '../../../../client/task-client.ts';
import { LonghaulError } from '../../../../contracts/error.ts';
import type { TaskState } from '../../../../contracts/task-state.ts';
import { createFakePlatform, nowMs } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal, type FakeTerminal } from '../../../helpers/fake-terminal.ts';
import {
  check,
  commandCard,
  commit,
  digest,
  evaluation,
  event,
  standingRule,
  taskId,
  tree,
  usage,
  wholeStory,
} from '../../../helpers/story-events.ts';

const entry: TaskListEntry = {
  taskId,
  status: 'waiting',
  instruction: 'Fix the date bug in src/invoice.ts,\nand only that',
  repository: '/home/ann/shop',
  startedAtMs: nowMs - 7_200_000,
  endedAtMs: null,
  approvalId: 'i2.a0',
  waiting: null,
};

const state = (more: Partial<TaskState>): TaskState =>
  ({
    taskId,
    status: 'waiting',
    specDigest: null,
    iteration: 2,
    budget: { maxUsd: 5, maxIterations: 50 },
    usage,
    workspace: {
      baseCommit: commit('f'),
      commit: commit('8'),
      tree: tree('7'),
      manifestDigest: null,
      leaseNumber: 1,
    },
    baseBranch: 'main',
    sandbox: null,
    checks: [
      { name: 'npm test', command: 'npm test', required: true, baseline: check('npm test', 'failed') },
    ],
    steps: [{ step: 'Fix it', status: 'in_progress' }],
    evaluation: evaluation([check('npm test', 'passed')], {}),
    standing: [standingRule],
    pending: [],
    refusals: [{ approvalId: 'i1.a0', reason: 'the policy takes no plain signal', atMs: nowMs }],
    paused: false,
    outcome: null,
    ...more,
  }) as unknown as TaskState;

const changes = [
  { path: 'src/a\u001b.ts', status: 'modified', fromPath: null, linesAdded: 4, linesRemoved: 1 },
] as const;
const patch = new Uint8Array([0x2b, 0xff, 0x1b, 0x0a]);

function machine(terminal?: FakeTerminal, more: Partial<TaskState> = {}) {
  const platform = createFakePlatform(terminal);
  platform.client.add({ entry, state: state(more), changes, patch });
  const run = (...words: readonly string[]) => runCommandLine(platform, words);
  return { platform, client: platform.client, terminal: platform.terminal, run };
}

const person = (columns = 100) => createFakeTerminal({ columns, rows: 30, live: true, interactive: true });

describe('ls', () => {
  it('is a table where there is room for one', async () => {
    const { run, terminal } = machine(person(110));
    await run('ls');
    expect(`\n${terminal.stdout()}`).toMatchInlineSnapshot(`
      "
      TASK                    STATUS   STARTED  WAITS FOR  INSTRUCTION
      fix-the-date-bug-abcde  waiting  2 h ago  i2.a0      Fix the date bug in src/invoice.ts, and only that
      "
    `);
  });

  it('never cuts an id, also where there is little room', async () => {
    const { run, terminal } = machine(person(40));
    await run('ls');
    expect(`\n${terminal.stdout()}`).toMatchInlineSnapshot(`
      "
      fix-the-date-bug-abcde
        waiting for i2.a0 · 2 h ago
        Fix the date bug in src/invoice.ts,
          and only that
      "
    `);
  });

  it('says how to start when there is nothing yet', async () => {
    const platform = createFakePlatform();
    await runCommandLine(platform, ['ls']);
    expect(platform.terminal.stdout()).toContain("longhaul run 'Fix the failing test'");
    await runCommandLine(platform, ['ls', '--status', 'failed']);
    expect(platform.terminal.stdout()).toContain('No task has this status.');
  });

  it.each([[], ['--waiting'], ['--status', 'failed']])(
    'in a home where no server ever ran says how to start a task, and asks no server: %j',
    async (...options) => {
      const openClient = async () => {
        throw new LonghaulError('server.unavailable', 'no Temporal server runs');
      };
      const unused = { isUnused: () => true, openClient };
      const person = createFakePlatform(createFakeTerminal(), unused);
      expect(await runCommandLine(person, ['ls', ...options])).toBe(0);
      expect(person.terminal.stdout()).toBe(
        "No tasks yet. Start one in a git repository:\n  longhaul run 'Fix the failing test'\n",
      );
      const program = createFakePlatform(createFakeTerminal(), unused);
      expect(await runCommandLine(program, ['ls', ...options, '--json'])).toBe(0);
      expect(program.terminal.stdout()).toBe('');
    },
  );

  it('as JSON gives one task a line', async () => {
    const { run, terminal } = machine();
    await run('ls', '--json');
    expect(JSON.parse(terminal.stdout())).toEqual(entry);
  });
});

describe('show', () => {
  it('says where a task is', async () => {
    const { run, terminal } = machine();
    await run('show', 'fix');
    expect(`\n${terminal.stdout()}`).toMatchInlineSnapshot(`
      "
      fix-the-date-bug-abcde  waiting
        iteration   2 of at most 50
        spent       24.8k tokens in (81 % cached), 1.3k out, $0.0624 of $5.00
        base        main at ffffffffffff
        tree now    777777777777
        plan
          [>] Fix it
        checks
          ✓ passed  npm test, it failed before the task · 1.2 s
        stands      nobody is asked about every command that begins with: npm install
        ! an answer to i1.a0 was refused: the policy takes no plain signal  2026-11-24 13:30 UTC
      "
    `);
  });

  it('shows what waits, whole, and the commands that answer', async () => {
    const platform = createFakePlatform();
    const pending = platform.client.addCard(commandCard('npm install x'));
    platform.client.add({ entry, state: state({ pending: [pending] }) });
    await runCommandLine(platform, ['show', 'fix']);
    expect(platform.terminal.stdout()).toMatch(
      /May this be done\?[\s\S]*npm install x[\s\S]*longhaul approve/,
    );
  });

  it('says how to let a paused task go on, and names no sandbox and no cost where there is none', async () => {
    const sandbox = { backend: 'local', leaseId: 'x.1' } as TaskState['sandbox'];
    const paused = machine(undefined, { status: 'paused', paused: true, sandbox });
    await paused.run('show', 'fix');
    expect(paused.terminal.stdout()).toContain('  to go on    longhaul resume fix-the-date-bug-abcde\n');
    expect(paused.terminal.stdout()).toContain('x.1');
    const outcome = { status: 'cancelled', branch: null, reason: '' } as TaskState['outcome'];
    const nothing = { ...usage, modelCalls: 0 };
    const ended = machine(undefined, { status: 'cancelled', sandbox, outcome, usage: nothing });
    await ended.run('show', 'fix');
    expect(ended.terminal.stdout()).toContain('  spent       nothing yet of $5.00\n');
    expect(ended.terminal.stdout()).not.toContain('x.1');
  });

  it('tells from its events how a task ended that no worker can tell of any more', async () => {
    const { opening, ending } = wholeStory();
    for (const json of [[], ['--json']]) {
      const { platform, client } = machine();
      client.push(taskId, ...opening, ...ending);
      client.end(taskId);
      const gone = new LonghaulError('task.ended', 'the task has ended');
      const state = () => Promise.reject(gone);
      const asked = { ...platform, openClient: async () => ({ ...client, state }) };
      expect(await runCommandLine(asked, ['show', 'fix', ...json])).toBe(0);
      const shown = platform.terminal.stdout();
      if (json.length > 0) expect(JSON.parse(shown)).toEqual(ending.at(-1));
      else
        expect(shown).toMatch(
          /^Task fix-the-date-bug-abcde\n[\s\S]*✓ passed {2}npm test[\s\S]*✓ Delivered\n/,
        );
    }
  });

  it('shows what was asked for', async () => {
    const platform = createFakePlatform();
    const spec = {
      taskId,
      instruction: 'Fix it',
      repository: '/x',
      ref: null,
      includeChanges: false,
      checks: [],
      setup: [],
      constraints: [],
      paths: [],
      budget: { maxUsd: null, maxIterations: 5 },
      policy: { name: 'strict', digest: null },
      model: 'gpt-test',
      requestedBy: 'ann',
      approvalTimeoutMs: 1000,
    };
    const specDigest = platform.client.addArtifact(Buffer.from(JSON.stringify(spec)));
    platform.client.add({ entry, state: state({ specDigest }) });
    await runCommandLine(platform, ['show', 'fix', '--json']);
    expect(JSON.parse(platform.terminal.stdout())).toMatchObject({
      type: 'task.state',
      taskId,
      iteration: 2,
      spec,
    });
  });
});

describe('diff', () => {
  it('lists the files, their names made safe', async () => {
    const { run, terminal } = machine();
    await run('diff', 'fix');
    expect(terminal.stdout()).toBe(
      '  M src/a<U+001B>.ts  +4 -1\n  1 file changed, 4 lines added, 1 removed\nLine by line:\n  longhaul diff fix-the-date-bug-abcde --patch\n',
    );
  });

  it('gives a pipe the patch byte for byte', async () => {
    const { run, terminal } = machine();
    await run('diff', 'fix', '--patch');
    expect(new Uint8Array(terminal.stdoutBytes())).toEqual(patch);
  });

  it('gives a terminal no control character of it', async () => {
    const { run, terminal } = machine(person());
    await run('diff', 'fix', '--patch');
    expect(terminal.stdout()).toBe('+\ufffd<U+001B>\n');
  });
});

describe('logs', () => {
  function withOutputs(terminal?: FakeTerminal) {
    const found = machine(terminal);
    const output = found.client.addArtifact(Buffer.from('one\n\u001b[31mtwo\n'));
    const own = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value).replaceAll(digest('5'), output).replaceAll(digest('c'), output));
    const { opening, ending } = wholeStory();
    found.client.push(taskId, ...own([...opening, ...ending]));
    return found;
  }

  it('print whole outputs, made safe', async () => {
    const { run, terminal } = withOutputs();
    await run('logs', 'fix', '--action', 'i1.a0');
    expect(terminal.stdout()).toBe('── i1.a0: npm test -- invoice  failed\none\n<U+001B>[31mtwo\n');
  });

  it('print the bytes as they are when that is wanted', async () => {
    const { run, terminal } = withOutputs();
    await run('logs', 'fix', '--action', 'i1.a0', '--raw');
    expect(terminal.stdout()).toBe('one\n\u001b[31mtwo\n');
  });

  it('of one iteration are its actions and checks', async () => {
    const { run, terminal } = withOutputs();
    await run('logs', 'fix', '--iteration', '2', '--json');
    const rows = terminal
      .stdout()
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));
    expect(rows.map(({ title, iteration }) => `${iteration} ${title}`)).toEqual([
      '2 npm test',
      '2 types',
      '2 npm test',
      '2 types',
    ]);
    expect(rows[0].output).toBe('one\n\u001b[31mtwo\n');
  });

  it('say when there is nothing', async () => {
    const { run, terminal } = withOutputs();
    await run('logs', 'fix', '--action', 'i9.a9');
    expect(terminal.stdout()).toBe('No output has been kept for that so far.\n');
  });
});

describe('messages to a task', () => {
  it.each([
    [['steer', 'fix', 'Leave the API'], { verb: 'steer', taskId, text: 'Leave the API', by: 'ann' }],
    [['pause', 'fix'], { verb: 'pause', taskId, by: 'ann' }],
    [['resume', 'fix'], { verb: 'resume', taskId, by: 'ann' }],
    [['cancel', 'fix'], { verb: 'cancel', taskId, by: 'ann', mode: 'soft' }],
    [['cancel', 'fix', '--now'], { verb: 'cancel', taskId, by: 'ann', mode: 'now' }],
    [['rollback', 'fix', '--to', '0'], { verb: 'rollback', taskId, to: 0, by: 'ann' }],
  ])('%j is sent in the name of the user', async (words, call) => {
    for (const json of [[], ['--json']]) {
      const { run, client, terminal } = machine();
      expect(await run(...words, ...json)).toBe(0);
      expect(client.calls).toEqual([call, { verb: 'close' }]);
      if (json.length > 0) expect(JSON.parse(terminal.stdout())).toMatchObject({ taskId });
      else expect(terminal.stdout()).toContain(taskId);
    }
  });

  it('an empty word is none', async () => {
    await expect(machine().run('steer', 'fix', ' ')).rejects.toMatchObject({ code: 'usage.invalid' });
  });

  it('cancel asks first on a terminal', async () => {
    const { run, client, terminal } = machine(person());
    const code = run('cancel', 'fix');
    await vi.waitFor(() => expect(terminal.question()).toBe(`Cancel ${taskId} for good? [y/N] `));
    terminal.type('n');
    expect(await code).toBe(0);
    expect(client.calls).toEqual([{ verb: 'close' }]);
  });

  it('the client is closed also when something fails', async () => {
    const { run, client } = machine();
    await expect(run('steer', 'no such id', 'x')).rejects.toMatchObject({ code: 'task.not_found' });
    expect(client.calls).toEqual([{ verb: 'close' }]);
  });
});

describe('watch', () => {
  it('ends with the exit code of the task', async () => {
    const { run, client, terminal } = machine();
    const { opening, ending } = wholeStory();
    client.push(taskId, ...opening, ...ending.slice(0, -1));
    client.push(
      taskId,
      event(99, {
        type: 'task.finished',
        status: 'cancelled',
        branch: null,
        commit: null,
        baseMovedBy: null,
        mergesCleanly: null,
        iterations: 2,
        usage,
        reason: 'cancelled by a person',
      }),
    );
    expect(await run('watch', 'fix')).toBe(3);
    expect(terminal.stdout()).toContain('✗ Cancelled: cancelled by a person');
  });
});

import { describe, expect, it, vi } from 'vitest';
import type { Platform } from '../../../../cli/platform.ts';
import { runCommandLine } from '../../../../cli/program.ts';
import type { ApprovalCard } from '../../../../contracts/approval.ts';
import { createFakePlatform } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal, type FakeTerminal } from '../../../helpers/fake-terminal.ts';
import { commandCard, decision, digest, taskId } from '../../../helpers/story-events.ts';

interface Setting {
  readonly cards?: readonly ApprovalCard[];
  readonly terminal?: FakeTerminal;
  readonly changes?: Partial<Platform>;
}

function machine({ cards = [commandCard('npm install x')], terminal, changes = {} }: Setting = {}) {
  const platform = createFakePlatform(terminal, changes);
  const { client } = platform;
  const pending = cards.map((card) => client.addCard(card));
  const entry = {
    taskId,
    status: 'waiting',
    instruction: 'x',
    repository: 'y',
    startedAtMs: 0,
    endedAtMs: null,
    approvalId: null,
    waiting: null,
  };
  client.add({ entry, state: { taskId, pending, iteration: 2, head: null } as never });
  const answers = () => client.calls.flatMap((call) => (call.verb === 'decide' ? [call.answer] : []));
  return { platform, terminal: platform.terminal, client, pending, answers };
}

const person = () => createFakeTerminal({ columns: 100, rows: 30, live: true, interactive: true });

describe('approve', () => {
  it('shows the card whole and binds to its digest what it approves', async () => {
    const { platform, terminal, answers, pending } = machine();
    expect(await runCommandLine(platform, ['approve', 'fix'])).toBe(0);
    expect(answers()).toEqual([
      expect.objectContaining({
        approvalId: 'i2.a0',
        digest: pending[0]?.digest,
        outcome: 'granted',
        by: { name: 'ann', proof: 'os_user' },
        saw: { iteration: 2, head: null },
      }),
    ]);
    expect(terminal.stdout()).toContain('npm install x');
    expect(terminal.stdout()).toContain(`✓ granted i2.a0 of ${taskId} (${pending[0]?.digest})`);
  });

  it('asks once more on a terminal, and takes only a plain yes', async () => {
    for (const [typed, count] of [
      ['y', 1],
      ['', 0],
      ['No', 0],
    ] as const) {
      const terminal = person();
      const { platform, answers } = machine({ terminal });
      const code = runCommandLine(platform, ['approve', 'fix']);
      await vi.waitFor(() => expect(terminal.question()).toBe('Approve? [y/N] '));
      terminal.type(typed);
      expect(await code).toBe(0);
      expect(answers()).toHaveLength(count);
    }
  });

  it('says what is accepted after anything else, and asks again', async () => {
    const terminal = person();
    const { platform, answers } = machine({ terminal });
    const code = runCommandLine(platform, ['approve', 'fix']);
    await vi.waitFor(() => expect(terminal.question()).toBe('Approve? [y/N] '));
    terminal.type('yess');
    await vi.waitFor(() => expect(terminal.questions).toHaveLength(2));
    expect(terminal.stdout()).toContain('Type y for yes, or n for no; Enter alone is no.');
    terminal.interrupt();
    expect(await code).toBe(0);
    expect(answers()).toEqual([]);
  });

  it('asks nothing with --yes', async () => {
    const { platform, answers } = machine({ terminal: person() });
    await runCommandLine(platform, ['approve', 'fix', '--yes']);
    expect(answers()).toHaveLength(1);
  });

  it('refuses when the digest is another one now', async () => {
    const { platform, answers } = machine();
    const wrong = runCommandLine(platform, ['approve', 'fix', '--digest', digest('9')]);
    await expect(wrong).rejects.toMatchObject({ code: 'approval.changed' });
    expect(answers()).toEqual([]);
  });

  it('lets a rule stand only where one is offered', async () => {
    const offered = machine();
    await runCommandLine(offered.platform, ['approve', 'fix', '--for-task']);
    expect(offered.answers()).toEqual([expect.objectContaining({ scope: 'task' })]);
    const none = machine({ cards: [commandCard('x', { decision: decision('ask', 'strict/all') })] });
    await expect(runCommandLine(none.platform, ['approve', 'fix', '--for-task'])).rejects.toThrow(
      /can stand for the task/,
    );
    expect(none.answers()).toEqual([]);
  });

  it('answers a question in words only', async () => {
    const { platform, answers } = machine({
      cards: [commandCard('x', { subject: 'question', action: null, decision: null })],
    });
    await expect(runCommandLine(platform, ['approve', 'fix'])).rejects.toThrow(/--message/);
    await runCommandLine(platform, ['approve', 'fix', '--message', 'the second']);
    expect(answers()).toEqual([expect.objectContaining({ outcome: 'granted', reason: 'the second' })]);
  });

  it('wants to know which when several wait', async () => {
    const second = commandCard('ls', { approvalId: 'i2.a1' } as Partial<ApprovalCard>);
    const { platform, answers } = machine({ cards: [commandCard('npm install x'), second] });
    await expect(runCommandLine(platform, ['approve', 'fix'])).rejects.toThrow(/say which/);
    await runCommandLine(platform, ['approve', 'fix', 'i2.a1']);
    expect(answers()).toEqual([expect.objectContaining({ approvalId: 'i2.a1' })]);
  });

  it('as JSON gives the answer alone', async () => {
    const { platform, terminal, pending } = machine({ terminal: person() });
    await runCommandLine(platform, ['approve', 'fix', '--json']);
    expect(JSON.parse(terminal.stdout())).toEqual({
      type: 'approval.answered',
      taskId,
      approvalId: 'i2.a0',
      digest: pending[0]?.digest,
      scope: 'once',
      outcome: 'granted',
    });
  });
});

describe('reject', () => {
  it('sends the reason for the model to read', async () => {
    const { platform, answers } = machine();
    await runCommandLine(platform, ['reject', 'fix', '--reason', 'Use npm ci']);
    expect(answers()).toEqual([expect.objectContaining({ outcome: 'rejected', reason: 'Use npm ci' })]);
  });
});

describe('edit', () => {
  const stored = async ({ client, answers }: ReturnType<typeof machine>) => {
    const editedDigest = answers()[0]?.editedDigest;
    if (editedDigest === null || editedDigest === undefined) throw new Error('nothing was edited');
    return JSON.parse(new TextDecoder().decode(await client.artifact(editedDigest)));
  };

  it('approves the command that is given', async () => {
    const found = machine();
    await runCommandLine(found.platform, ['edit', 'fix', '--command', 'npm ci']);
    expect(found.answers()).toEqual([expect.objectContaining({ outcome: 'edited' })]);
    expect(await stored(found)).toMatchObject({
      kind: 'shell',
      argv: ['bash', '-lc', 'npm ci'],
      line: 'npm ci',
    });
  });

  it('approves the text of a file', async () => {
    const body = { kind: 'apply_patch', patch: 'old' };
    const card = commandCard('x', {
      action: { id: 'i2.a0', digest: digest('d'), body },
    } as unknown as Partial<ApprovalCard>);
    const found = machine({ cards: [card], changes: { readFile: async (path) => `from ${path}` } });
    await runCommandLine(found.platform, ['edit', 'fix', '--file', 'new.patch']);
    expect(await stored(found)).toEqual({ kind: 'apply_patch', patch: 'from new.patch' });
  });

  it('opens the editor, shows the changed action and asks', async () => {
    const terminal = person();
    const found = machine({ terminal, changes: { editText: async () => 'npm ci\n' } });
    const code = runCommandLine(found.platform, ['edit', 'fix']);
    await vi.waitFor(() => expect(terminal.question()).toBe('Approve this instead? [y/N] '));
    expect(terminal.stdout()).toMatch(/The changed action:\n[\s\S]*npm ci/);
    terminal.type('y');
    await code;
    expect(await stored(found)).toMatchObject({ line: 'npm ci' });
  });

  it('says what to give where no editor can be opened', async () => {
    await expect(runCommandLine(machine().platform, ['edit', 'fix'])).rejects.toThrow(/--command or --file/);
  });

  it('changes neither a question nor a delivery', async () => {
    const { platform, answers } = machine({ cards: [commandCard('x', { subject: 'fault', action: null })] });
    await expect(runCommandLine(platform, ['edit', 'fix', '--command', 'ls'])).rejects.toThrow(
      /approve or reject it/,
    );
    expect(answers()).toEqual([]);
  });
});

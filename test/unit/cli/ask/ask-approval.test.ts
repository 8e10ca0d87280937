import { describe, expect, it, vi } from 'vitest';
import { askApproval } from '../../../../cli/ask/ask-approval.ts';
import type { Platform } from '../../../../cli/platform.ts';
import { createScreen } from '../../../../cli/terminal/screen.ts';
import type { ApprovalCard } from '../../../../contracts/approval.ts';
import { canonicalBytes, digestOf } from '../../../../contracts/digest.ts';
import { LonghaulError } from '../../../../contracts/error.ts';
import { createFakePlatform } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal } from '../../../helpers/fake-terminal.ts';
import { commandCard, decision, taskId } from '../../../helpers/story-events.ts';

function asking(card: ApprovalCard = commandCard('npm install x'), changes: Partial<Platform> = {}) {
  const terminal = createFakeTerminal({ columns: 100, rows: 30, live: true, interactive: true });
  const platform = createFakePlatform(terminal, changes);
  const { client } = platform;
  const pending = client.addCard(card);
  const closing = new AbortController();
  const screen = createScreen(terminal);
  const result = askApproval({ platform, client, screen, taskId, pending, saw, signal: closing.signal });
  const type = async (text: string) => {
    await vi.waitFor(() => expect(terminal.question()).not.toBeNull());
    terminal.type(text);
  };
  const answers = () => client.calls.flatMap((call) => (call.verb === 'decide' ? [call.answer] : []));
  return { terminal, client, pending, closing, result, type, answers };
}

const by = { name: 'ann', proof: 'os_user' };
const saw = { iteration: 2, head: null };

describe('a question at the terminal', () => {
  it('is approved once, bound to the digest of what was shown', async () => {
    const { result, type, answers, pending, terminal } = asking();
    await type('a');
    expect(await result).toBe('decided');
    expect(answers()).toEqual([
      {
        approvalId: 'i2.a0',
        digest: pending.digest,
        outcome: 'granted',
        reason: '',
        scope: 'once',
        editedDigest: null,
        by,
        saw,
      },
    ]);
    expect(terminal.stdout()).toContain(pending.digest);
  });

  it.each(['', ' ', 'y', 'ok', 'apprive', '1'])('takes %j for no answer', async (typed) => {
    const { result, type, answers, terminal } = asking();
    await type(typed);
    await type('later');
    expect(await result).toBe('later');
    expect(terminal.stdout()).toContain('  Type one of the letters a, t, e, r, l.\n');
    expect(answers()).toEqual([]);
  });

  it('stands for the task only after it has said what that covers, and a plain yes', async () => {
    const { result, type, answers, terminal } = asking();
    await type('t');
    await type('');
    expect(answers()).toEqual([]);
    expect(terminal.stdout()).toContain(
      'nobody will be asked about every command that begins with: npm install',
    );
    await type('task');
    await type('y');
    expect(await result).toBe('decided');
    expect(answers()).toEqual([expect.objectContaining({ outcome: 'granted', scope: 'task' })]);
  });

  it('says what a yes or no may be, and that a no has answered nothing', async () => {
    const { result, type, answers, terminal } = asking();
    await type('t');
    await type('maybe');
    await type('n');
    await type('l');
    expect(await result).toBe('later');
    expect(answers()).toEqual([]);
    expect(terminal.stdout()).toMatch(
      / {2}Type y for yes, or n for no[\s\S]* {2}Not answered; it waits\.\n {2}a {2}/,
    );
  });

  it('of the model waits on when nothing is typed, and says so', async () => {
    const question = commandCard('x', { subject: 'question', action: null });
    const { result, type, answers, terminal } = asking(question);
    await type('floats');
    await type('a');
    await type('  ');
    await type('l');
    expect(await result).toBe('later');
    expect(answers()).toEqual([]);
    expect(terminal.stdout()).toContain('Type one of the letters a, r, l, such as "a" and your words.');
    expect(terminal.stdout()).toContain('Nothing was typed; the question waits.');
  });

  it('does not offer to stand where nothing can', async () => {
    const { type, result, terminal } = asking(commandCard('x', { decision: decision('ask', 'strict/all') }));
    await type('t');
    await type('l');
    expect(await result).toBe('later');
    expect(terminal.stdout()).not.toContain('let the rule stand');
  });

  it('is rejected with a reason, typed at once or when asked', async () => {
    const one = asking();
    await one.type('r not on Fridays');
    expect(await one.result).toBe('decided');
    expect(one.answers()).toEqual([
      expect.objectContaining({ outcome: 'rejected', reason: 'not on Fridays' }),
    ]);
    const two = asking();
    await two.type('reject');
    await two.type('  use npm ci ');
    expect(await two.result).toBe('decided');
    expect(two.answers()).toEqual([expect.objectContaining({ outcome: 'rejected', reason: 'use npm ci' })]);
  });

  it('is edited in the line, shown changed, and approved as changed', async () => {
    const { result, type, answers, client, terminal } = asking();
    await type('e');
    await type('npm ci');
    await vi.waitFor(() => expect(terminal.question()).toContain('sure?'));
    expect(terminal.stdout()).toContain('The changed action:');
    terminal.type('y');
    expect(await result).toBe('decided');
    expect(terminal.questions).toContainEqual({ question: '  command: ', initial: 'npm install x' });
    const body = {
      kind: 'shell',
      argv: ['bash', '-lc', 'npm ci'],
      line: 'npm ci',
      cwd: '.',
      timeoutMs: null,
      justification: 'The tests need this package.',
    };
    const editedDigest = digestOf(canonicalBytes(body));
    expect(answers()).toEqual([expect.objectContaining({ outcome: 'edited', editedDigest })]);
    expect(JSON.parse(Buffer.from(await client.artifact(editedDigest)).toString())).toEqual(body);
  });

  it('is edited in the editor where there is one', async () => {
    const edits: string[] = [];
    const editText = async (text: string, fileName: string) => {
      edits.push(`${fileName}: ${text}`);
      return 'npm ci\n';
    };
    const { result, type, answers } = asking(commandCard('npm install x'), { editText });
    await type('e');
    await type('yes');
    expect(await result).toBe('decided');
    expect(edits).toEqual(['command.sh: npm install x']);
    expect(answers()).toHaveLength(1);
  });

  it.each(['npm ci\rnpm publish', 'npm ci \u001b[2K', 'one\ntwo'])(
    'is not edited in the line when it is %j',
    async (command) => {
      const { result, type, answers, terminal } = asking(commandCard(command));
      await type('e');
      await type('l');
      expect(await result).toBe('later');
      expect(answers()).toEqual([]);
      expect(terminal.questions.every(({ initial }) => initial === '')).toBe(true);
      expect(terminal.stdout()).toContain('set EDITOR');
    },
  );

  it('goes back to the choices when an edit changed nothing or was not confirmed', async () => {
    const { result, type, answers, terminal } = asking();
    await type('e');
    await type('npm install x');
    await type('e');
    await type('npm ci');
    await type('n');
    await type('l');
    expect(await result).toBe('later');
    expect(answers()).toEqual([]);
    expect(terminal.stdout()).toContain('Nothing was changed');
  });

  it('of the model is answered in words, never with none', async () => {
    const card = commandCard('x', { subject: 'question', title: 'Which API?', action: null, decision: null });
    const { result, type, answers } = asking(card);
    await type('a');
    await type('');
    await type('a the second one');
    expect(await result).toBe('decided');
    expect(answers()).toEqual([expect.objectContaining({ outcome: 'granted', reason: 'the second one' })]);
  });

  it('closes when it is settled elsewhere', async () => {
    const { result, closing, terminal, answers } = asking();
    await vi.waitFor(() => expect(terminal.question()).not.toBeNull());
    closing.abort();
    expect(await result).toBe('closed');
    expect(answers()).toEqual([]);
  });

  it('is left by Ctrl-C without an answer', async () => {
    const { result, terminal, answers } = asking();
    await vi.waitFor(() => expect(terminal.question()).not.toBeNull());
    terminal.interrupt();
    expect(await result).toBe('interrupted');
    expect(answers()).toEqual([]);
  });

  it('says why an answer did not count, and asks again', async () => {
    const { result, type, client, terminal } = asking();
    client.failDecide(new LonghaulError('approval.changed', 'it is another one now'));
    await type('a');
    await type('a');
    expect(await result).toBe('decided');
    expect(terminal.stdout()).toContain('approval.changed: it is another one now');
  });
});

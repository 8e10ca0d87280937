import { describe, expect, it } from 'vitest';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { cardLines } from '../../../../cli/view/card-lines.ts';
import { pasteLines } from '../../../../cli/view/paste-lines.ts';
import type { ApprovalCard, PendingApproval } from '../../../../contracts/approval.ts';
import { nowMs } from '../../../helpers/fake-platform.ts';
import { createFakeTaskClient } from '../../../helpers/fake-task-client.ts';
import { commandCard, commit, decision, taskId, tree } from '../../../helpers/story-events.ts';

function shown(
  card: ApprovalCard,
  columns: number,
  changes: Parameters<typeof cardLines>[2]['changes'] = null,
) {
  const pending = createFakeTaskClient().addCard(card);
  return renderLines(cardLines(card, pending, { program: 'longhaul', nowMs, changes }), {
    columns,
    color: false,
  });
}

const patchCard = (patch: string): ApprovalCard =>
  commandCard('x', {
    action: { id: 'i2.a0', digest: `sha256:${'d'.repeat(64)}`, body: { kind: 'apply_patch', patch } },
    decision: decision('ask', 'default/protected', 'touches the CI'),
  } as unknown as Partial<ApprovalCard>);

describe('the card of an approval', () => {
  it('says what, why, on which tree, for whom, until when, at what cost, and what its digest is', () => {
    expect(`\n${shown(commandCard('npm install date-fns'), 100).join('\n')}\n`).toMatchInlineSnapshot(`
      "

      ? May this be done?  i2.a0
        run at the root of the workspace with bash -lc
          npm install date-fns
        the model says The tests need this package.
        why         default/network: needs a network that was not lent
        tree before eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
        task        fix-the-date-bug-abcde, iteration 2, asked by ann
        expires     in 7 d, 2026-12-01 13:30 UTC; silence is a refusal
        waiting     costs nothing: no worker and no sandbox is held
        may stand   every command that begins with: npm install
        digest      sha256:26e0f07decb28f9e5acd0170d230c410e991a02ede5f34b96d533cf5c89bfaa8
      "
    `);
  });

  it('shows a long command whole, so that nothing can hide behind padding', () => {
    const command = `echo ok ${' '.repeat(500)}; rm -rf ~`;
    const text = shown(commandCard(command), 40)
      .map((row) => row.padEnd(40).slice(4))
      .join('');
    expect(text).toContain('; rm -rf ~');
    expect(text.replaceAll(' ', '')).toContain('echook;rm-rf~');
  });

  it('shows what would be hidden', () => {
    const rows = shown(commandCard('ls \u202e\u001b[1A\u001b[2K # nothing'), 100).join('\n');
    expect(rows).toContain('ls <U+202E><U+001B>[1A<U+001B>[2K # nothing');
  });

  it('shows every line of a command and of a patch', () => {
    expect(shown(commandCard('one\ntwo\nthree'), 100)).toEqual(
      expect.arrayContaining(['    one', '    two', '    three']),
    );
    const patch = [
      '*** Begin Patch',
      '*** Update File: ci.yml',
      ...Array.from({ length: 300 }, (_, n) => `+line ${n}`),
    ];
    const rows = shown(patchCard(patch.join('\n')), 100);
    expect(rows.filter((row) => row.trim().startsWith('+line'))).toHaveLength(300);
  });

  it('shows the words of a command that runs without a shell as a shell would need them', () => {
    const card = commandCard('x', {
      action: {
        id: 'i2.a0',
        digest: `sha256:${'d'.repeat(64)}`,
        body: {
          kind: 'shell',
          argv: ['git', 'commit', '-m', "it's"],
          line: null,
          cwd: 'src',
          timeoutMs: null,
          justification: null,
        },
      },
    } as unknown as Partial<ApprovalCard>);
    expect(shown(card, 100)).toEqual(
      expect.arrayContaining(['  run in src', `    git commit -m 'it'\\''s'`]),
    );
  });

  it('shows what runs, not a harmless line beside it', () => {
    const card = commandCard('x', {
      action: {
        id: 'i2.a0',
        digest: `sha256:${'d'.repeat(64)}`,
        body: {
          kind: 'shell',
          argv: ['bash', '-c', 'rm -rf src'],
          line: 'ls',
          cwd: '.',
          timeoutMs: null,
          justification: null,
        },
      },
    } as unknown as Partial<ApprovalCard>);
    expect(shown(card, 100)).toContain("    bash -c 'rm -rf src'");
    expect(shown(card, 100)).not.toContain('    ls');
  });

  it('shows of a delivery the branch, what backs it, what it changes and how to see it', () => {
    const card = commandCard('x', {
      subject: 'delivery',
      title: 'Deliver longhaul/x',
      details: ['passed in a fresh sandbox: npm test', 'look at test/a.test.ts: one assertion less'],
      action: {
        id: 'i2.deliver',
        digest: `sha256:${'d'.repeat(64)}`,
        body: { kind: 'deliver', tree: tree('7'), commit: commit('8'), branch: 'longhaul/x', concerns: [] },
      },
    } as unknown as Partial<ApprovalCard>);
    const changes = [
      { path: 'src/a.ts', status: 'modified', fromPath: null, linesAdded: 4, linesRemoved: 1 },
      { path: 'b.ts', status: 'renamed', fromPath: 'a.ts', linesAdded: 0, linesRemoved: 0 },
    ] as const;
    expect(`\n${shown(card, 80, changes).slice(0, 11).join('\n')}\n`).toMatchInlineSnapshot(`
      "

      ? May this be delivered?  i2.a0
        publish longhaul/x at 888888888888
        passed in a fresh sandbox: npm test
        look at test/a.test.ts: one assertion less
        M src/a.ts  +4 -1
        R a.ts → b.ts  +0 -0
        2 files changed, 4 lines added, 1 removed
        whole diff  longhaul diff fix-the-date-bug-abcde --patch
        why         default/network: needs a network that was not lent
        tree before eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
      "
    `);
  });

  it('says that it is too late', () => {
    expect(shown(commandCard('x', { expiresAtMs: nowMs - 1 }), 100).join('\n')).toContain('too late');
  });
});

describe('the commands to paste', () => {
  const pasted = (card: ApprovalCard, more: Partial<PendingApproval> = {}) => {
    const pending = createFakeTaskClient().addCard(card, more);
    const server = { address: '127.0.0.1:7233', namespace: 'default' };
    const lines = pasteLines(pending, { program: './bin/longhaul', taskId, server });
    return renderLines(lines, { columns: 40, color: false });
  };

  it('are whole, one a row, with the raw signal where the policy takes one', () => {
    expect(
      `\n${pasted(commandCard('npm test'), { acceptsSignals: true }).join('\n')}\n`,
    ).toMatchInlineSnapshot(`
      "
          To answer, type one of:
          approve       ./bin/longhaul approve fix-the-date-bug-abcde i2.a0
          for the task  ./bin/longhaul approve fix-the-date-bug-abcde i2.a0 --for-task
          edit          ./bin/longhaul edit fix-the-date-bug-abcde i2.a0
          reject        ./bin/longhaul reject fix-the-date-bug-abcde i2.a0 --reason why
          by signal     temporal workflow signal --address 127.0.0.1:7233 --namespace default --workflow-id fix-the-date-bug-abcde --name decision --input '{"approvalId":"i2.a0","digest":"sha256:ddd746c4414a583644b075322a09205b3cb5f16d55663d54afdeaf38bd372f83","outcome":"granted"}'
      "
    `);
  });

  it('have no signal where it would be refused', () => {
    expect(pasted(commandCard('npm test')).join('\n')).not.toContain('temporal workflow signal');
  });

  it('answer a question in words, and neither edit nor extend it', () => {
    const rows = pasted(commandCard('x', { subject: 'question', action: null, decision: null })).join('\n');
    expect(rows).toContain("--message 'the answer'");
    expect(rows).not.toMatch(/ edit |--for-task/);
  });
});

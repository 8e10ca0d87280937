import { describe, expect, test } from 'vitest';
import { deliveryMessage } from '../../../activities/deliver.ts';
import type { ApprovalRecord } from '../../../contracts/approval.ts';
import type { CheckResult } from '../../../contracts/evaluation.ts';
import type { Digest, TaskId } from '../../../contracts/ids.ts';
import { specOf } from '../../helpers/task-fixture.ts';

const digest = `sha256:${'a'.repeat(64)}` as Digest;
const check = (name: string, status: CheckResult['status'] = 'passed'): CheckResult => ({
  name,
  status,
  exitCode: 0,
  outputDigest: digest,
  durationMs: 1,
  cached: false,
});
const approvalBy = (name: string) =>
  ({
    approvalId: 'i3.deliver',
    subject: 'delivery',
    actionId: 'i3.deliver',
    digest,
    outcome: 'granted',
    scope: 'once',
    editedDigest: null,
    reason: '',
    by: { name, proof: 'os_user' },
    openedAtMs: 0,
    decidedAtMs: 1,
  }) as unknown as ApprovalRecord;

const evidence = { checks: [check('npm test')], approval: null, iteration: 3, model: 'gpt-5.5-2026-01-01' };
const messageOf = (instruction: string, more: Partial<Parameters<typeof deliveryMessage>[1]> = {}) =>
  deliveryMessage(specOf('fix-it' as TaskId, '/r', { instruction }), { ...evidence, ...more });

describe('the message of a delivery', () => {
  test('says what, the evidence and who helped', () => {
    expect(messageOf('Fix the date bug')).toBe(`Fix the date bug

Checked in a fresh sandbox after iteration 3:
- npm test: passed

Assisted-by: Longhaul:gpt-5.5-2026-01-01
Longhaul-Task: fix-it
`);
  });

  test('cuts a long instruction for the subject and gives it whole below', () => {
    const long = `Fix ${'very '.repeat(20)}long things`;
    const [subject, , body] = messageOf(long).split('\n');
    expect(subject).toBe(`${long.slice(0, 71)}…`);
    expect(body).toBe(long);
  });

  test('never cuts through a character', () => {
    const [subject] = messageOf(`x${'😀'.repeat(100)}`).split('\n');
    expect(subject).toBe(`x${'😀'.repeat(35)}…`);
  });

  test('takes the first line of several as the subject, however lines end', () => {
    expect(messageOf('\r\n Fix it\r\n\r\nIn all places\r\n')).toContain(
      'Fix it\n\nFix it\n\nIn all places\n\nChecked',
    );
  });

  test('says that there was no check', () => {
    expect(messageOf('Fix it', { checks: [] })).toContain(
      'Fix it\n\nNo check is known for this repository.\n\nAssisted-by:',
    );
  });

  test('names who approved', () => {
    expect(messageOf('Fix it', { approval: approvalBy('ann') })).toContain(
      '- npm test: passed\n\nDelivery approved by ann (i3.deliver).\n\nAssisted-by:',
    );
  });

  test('lets nothing from outside write a line of its own or a control character', () => {
    const message = messageOf('Fix\u0000 it\u001B', {
      checks: [check('a\nSigned-off-by: x')],
      approval: approvalBy('eve\n\nLonghaul-Task: other'),
    });
    expect(message).not.toMatch(/^(?:Signed-off-by|Longhaul-Task: other)/m);
    expect(message).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(message.split('\n')[0]).toBe('Fix  it');
  });
});

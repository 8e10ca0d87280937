import type { ApprovalCard, PendingApproval } from '../../contracts/approval.ts';
import { type Line, line, tone } from '../terminal/line.ts';
import { editableBody } from './edit-action.ts';

export type Choice = 'approve' | 'task' | 'edit' | 'answer' | 'reject' | 'later';

export interface Offered {
  readonly choice: Choice;
  readonly text: string;
}

/** What a person can answer; the first letter is enough. */
export function choicesFor(card: ApprovalCard, pending: PendingApproval): readonly Offered[] {
  const reject = { choice: 'reject', text: 'reject, with a reason that the model reads' } as const;
  const later = { choice: 'later', text: 'decide later; the task waits' } as const;
  switch (card.subject) {
    case 'question':
      return [{ choice: 'answer', text: 'answer in words' }, reject, later];
    case 'delivery':
      return [{ choice: 'approve', text: 'approve: publish the branch' }, reject, later];
    case 'budget':
      return [
        { choice: 'approve', text: 'approve the larger budget' },
        { ...reject, text: 'reject: the task stops' },
        later,
      ];
    case 'fault':
      return [
        { choice: 'approve', text: 'approve: go on' },
        { ...reject, text: 'reject: the task stops' },
        later,
      ];
    case 'action':
      return [
        { choice: 'approve', text: 'approve once' },
        ...(pending.standingRule === null
          ? []
          : [{ choice: 'task', text: 'approve, and let the rule stand for this task' } as const]),
        ...(editableBody(card) === null ? [] : [{ choice: 'edit', text: 'edit, then approve' } as const]),
        reject,
        later,
      ];
    default:
      throw new Error(`unknown subject ${JSON.stringify(card.subject satisfies never)}`);
  }
}

export function menuLines(offered: readonly Offered[]): readonly Line[] {
  return offered.map(({ choice, text }) => ({
    ...line('  ', tone('strong', choice.slice(0, 1)), '  ', text),
    hang: 5,
  }));
}

/** What was typed, and what stood behind it: `r not on Fridays`. Null for anything that is not plainly one of the choices. */
export function readChoice(
  offered: readonly Offered[],
  typed: string,
): { readonly choice: Choice; readonly rest: string } | null {
  const [, word = '', rest = ''] = /^\s*(\S+)\s*(.*)$/su.exec(typed) ?? [];
  const wanted = word.toLowerCase();
  const found = offered.find(({ choice }) => choice === wanted || choice.slice(0, 1) === wanted);
  return found === undefined ? null : { choice: found.choice, rest: rest.trim() };
}

import type { TaskEvent } from '../../contracts/task-event.ts';
import { type Line, lineAt, type Span, tone } from '../terminal/line.ts';

type EventOf<T extends TaskEvent['type']> = Extract<TaskEvent, { readonly type: T }>;

export function openedLines({ approval }: EventOf<'approval.opened'>): readonly Line[] {
  return [
    lineAt(
      2,
      tone('warn', '? waits for a person: '),
      approval.title,
      tone('dim', `  ${approval.approvalId}`),
    ),
  ];
}

/** An answer, who gave it and how that is known; a refused one counts for nothing. */
export function answeredLines({ answer, accepted, refused }: EventOf<'approval.answered'>): readonly Line[] {
  const proof = answer.by.proof === 'signal' ? ' (by a signal, which proves nobody)' : '';
  const who = `${answer.by.name}${proof}`;
  const id = tone('dim', `  ${answer.approvalId}`);
  if (accepted === false) {
    const why = refused === undefined ? '' : `: ${refused}`;
    return [lineAt(2, tone('warn', '! '), `an answer of ${who} was refused (${answer.outcome})`, why, id)];
  }
  const sent = accepted === null ? ', if the task takes it' : '';
  const scope = answer.scope === 'task' ? ' for the rest of the task' : '';
  const reason = answer.reason === '' ? [] : [`: ${answer.reason}`];
  return [lineAt(2, outcomeSpan(answer.outcome), `${scope} by ${who}${sent}`, ...reason, id)];
}

function outcomeSpan(outcome: 'granted' | 'rejected' | 'edited'): Span {
  if (outcome === 'granted') return tone('good', '✓ granted');
  return outcome === 'edited' ? tone('good', '✓ edited and granted') : tone('bad', '✗ rejected');
}

import type { TaskClient } from '../../client/task-client.ts';
import type { ApprovalCard, PendingApproval } from '../../contracts/approval.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { Saw } from '../../contracts/saw.ts';
import type { FileChange } from '../../contracts/task-repository.ts';
import type { Platform } from '../platform.ts';
import { safeText } from '../terminal/escape.ts';
import { lineAt, tone } from '../terminal/line.ts';
import type { Screen } from '../terminal/screen.ts';
import { actionLines, standingText } from '../view/action-text.ts';
import { asTyped } from '../view/as-typed.ts';
import { cardLines } from '../view/card-lines.ts';
import { answerOf, type Said } from './answer.ts';
import { choicesFor, menuLines, type Offered, readChoice } from './choices.ts';
import { editableBody, editedBody, textToEdit } from './edit-action.ts';
import { yesOrNo } from './yes-or-no.ts';

/** How a question at the terminal ended. `closed`: by the signal, because it was answered elsewhere. */
export type AskResult = 'decided' | 'later' | 'closed' | 'interrupted';

export interface Asking {
  readonly platform: Pick<Platform, 'terminal' | 'program' | 'user' | 'clock' | 'editText'>;
  readonly client: TaskClient;
  readonly screen: Screen;
  readonly taskId: TaskId;
  readonly pending: PendingApproval;
  /** What the screen was based on when it was put. */
  readonly saw: Saw;
  readonly signal: AbortSignal;
}

/** Shows the card, asks until there is an answer, and sends it, bound to the digest of what was shown. */
export async function askApproval(asking: Asking): Promise<AskResult> {
  const { platform, client, screen, taskId, pending, signal } = asking;
  const card = await client.card(taskId, pending);
  const changes = await changesOf(client, taskId, card);
  await screen.print(
    cardLines(card, pending, { program: platform.program, nowMs: platform.clock.nowMs(), changes }),
  );
  const offered = choicesFor(card, pending);
  for (;;) {
    await screen.print(menuLines(offered));
    const typed = await platform.terminal.ask('  your answer: ', { signal, initial: '' });
    if (typed === null) return signal.aborted ? 'closed' : 'interrupted';
    const result = await taken(asking, card, offered, typed);
    if (result !== null) return result;
  }
}

/** What was typed at the menu; null asks again. */
async function taken(
  asking: Asking,
  card: ApprovalCard,
  offered: readonly Offered[],
  typed: string,
): Promise<AskResult | null> {
  const read = readChoice(offered, typed);
  if (read === null) {
    const letters = offered.map(({ choice }) => choice.slice(0, 1)).join(', ');
    const words = offered.some(({ choice }) => choice === 'answer') ? ', such as "a" and your words' : '';
    await asking.screen.print([lineAt(2, tone('warn', `Type one of the letters ${letters}${words}.`))]);
    return null;
  }
  if (read.choice === 'later') return 'later';
  const said = await detail(asking, card, read.choice, read.rest);
  if (asking.signal.aborted) return 'closed';
  return said !== null && (await sent(asking, said)) ? 'decided' : null;
}

async function changesOf(
  client: TaskClient,
  taskId: TaskId,
  card: ApprovalCard,
): Promise<readonly FileChange[] | null> {
  // What the branch would hold is a help; the answer is bound to the tree, so a card without it is still true.
  return card.subject === 'delivery' ? client.changes(taskId).catch(() => null) : null;
}

/** What else has to be known; null goes back to the menu. */
async function detail(
  asking: Asking,
  card: ApprovalCard,
  choice: 'approve' | 'task' | 'edit' | 'answer' | 'reject',
  rest: string,
): Promise<Said | null> {
  switch (choice) {
    case 'approve':
      return { outcome: 'granted', reason: rest };
    case 'task':
      return forTask(asking);
    case 'edit':
      return edited(asking, card);
    case 'answer': {
      const words = rest === '' ? await typedText(asking, '  your words: ') : rest;
      if (words !== null && words !== '') return { outcome: 'granted', reason: words };
      if (!asking.signal.aborted)
        await asking.screen.print([lineAt(2, tone('warn', 'Nothing was typed; the question waits.'))]);
      return null;
    }
    case 'reject': {
      const reason =
        rest === '' ? await typedText(asking, '  reason, for the model to read (Enter for none): ') : rest;
      return reason === null ? null : { outcome: 'rejected', reason };
    }
    default:
      throw new Error(`unknown choice ${JSON.stringify(choice satisfies never)}`);
  }
}

async function forTask(asking: Asking): Promise<Said | null> {
  const { pending, screen } = asking;
  if (pending.standingRule === null) return null;
  const covers = standingText(pending.standingRule);
  await screen.print([lineAt(2, tone('warn', 'Until this task ends, nobody will be asked about '), covers)]);
  return (await confirmed(asking)) ? { outcome: 'granted', scope: 'task' } : null;
}

async function edited(asking: Asking, card: ApprovalCard): Promise<Said | null> {
  const { platform, client, screen, signal } = asking;
  const body = editableBody(card);
  if (body === null) return null;
  const { text, fileName } = textToEdit(body);
  try {
    const changed = (await platform.editText(text, fileName)) ?? (await typedInline(asking, text));
    if (changed === null || signal.aborted) return null;
    const action = editedBody(body, changed);
    await screen.print([lineAt(2, tone('strong', 'The changed action:')), ...actionLines(4, action)]);
    if (!(await confirmed(asking))) return null;
    return { outcome: 'edited', editedDigest: await client.putAction(action) };
  } catch (error) {
    return await complained(asking, error);
  }
}

/** A line editor would take control characters for keys that were pressed: a carriage return would be Enter. */
async function typedInline(asking: Asking, text: string): Promise<string | null> {
  if (safeText(text) === text) {
    return asking.platform.terminal.ask('  command: ', { signal: asking.signal, initial: text });
  }
  await asking.screen.print([
    lineAt(
      2,
      tone('warn', '! '),
      'several lines or hidden characters cannot be changed without an editor: set EDITOR and try again',
    ),
  ]);
  return null;
}

async function typedText({ platform, signal }: Asking, question: string): Promise<string | null> {
  const typed = await platform.terminal.ask(question, { signal, initial: '' });
  return typed === null ? null : typed.trim();
}

async function confirmed({ platform, screen, signal }: Asking): Promise<boolean> {
  const say = (text: string) => screen.print([lineAt(2, tone('warn', text))]);
  const sure = await yesOrNo(platform.terminal, '  sure?', { signal, say });
  if (!sure && !signal.aborted) await screen.print([lineAt(2, 'Not answered; it waits.')]);
  return sure;
}

async function sent(asking: Asking, said: Said): Promise<boolean> {
  const { platform, client, taskId, pending, saw } = asking;
  try {
    await client.decide(taskId, answerOf(pending, said, platform.user, saw));
    return true;
  } catch (error) {
    await complained(asking, error);
    return false;
  }
}

/** A fault that the person can do something about is said, and asked again; anything else is not ours to hide. */
async function complained({ screen, platform }: Asking, error: unknown): Promise<null> {
  if (!(error instanceof LonghaulError)) throw error;
  await screen.print([lineAt(2, tone('bad', `${error.code}: `), asTyped(error.message, platform.program))]);
  return null;
}

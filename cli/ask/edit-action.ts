import { type ActionBody, ActionBodySchema } from '../../contracts/action.ts';
import type { ApprovalCard } from '../../contracts/approval.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { commandText, shellLine } from '../view/action-text.ts';

export type EditableBody = Extract<ActionBody, { readonly kind: 'shell' | 'apply_patch' }>;

/** The card's action when a person can change it: a command or a patch. */
export function editableBody(card: ApprovalCard): EditableBody | null {
  const body = card.action?.body;
  if (card.subject !== 'action' || body === undefined) return null;
  return body.kind === 'shell' || body.kind === 'apply_patch' ? body : null;
}

/** What the person changes, as text. */
export function textToEdit(body: EditableBody): { readonly text: string; readonly fileName: string } {
  return body.kind === 'shell'
    ? { text: commandText(body), fileName: 'command.sh' }
    : { text: body.patch, fileName: 'action.patch' };
}

/**
 * The action with its changed text. A command that ran without a shell becomes a line of `sh`, since that is what a person types.
 * Throws `usage.invalid` when the text is empty or the same as before.
 */
export function editedBody(body: EditableBody, text: string): ActionBody {
  const before = textToEdit(body).text;
  // Editors end the last line; a command has no use for it, a patch has.
  const changed = body.kind === 'shell' ? text.replace(/\r?\n$/, '') : text;
  if (changed.trim() === '') {
    throw new LonghaulError(
      'usage.invalid',
      'The edited action is empty. To refuse it, reject it with a reason.',
    );
  }
  if (changed === before || (body.kind === 'apply_patch' && changed.trimEnd() === before.trimEnd())) {
    throw new LonghaulError('usage.invalid', 'Nothing was changed. To let it run as it is, approve it.');
  }
  return ActionBodySchema.parse(
    body.kind === 'apply_patch' ? { ...body, patch: changed } : { ...body, ...shellOf(body, changed) },
  );
}

function shellOf(body: Extract<EditableBody, { readonly kind: 'shell' }>, text: string) {
  const argv = shellLine(body) === null ? ['sh', '-c', text] : [...body.argv.slice(0, -1), text];
  return { argv, line: text };
}

import type { PendingApproval } from '../../contracts/approval.ts';
import { messageName } from '../../contracts/words/messages.ts';
import { commandLine, type Line, lineAt, tone } from '../terminal/line.ts';
import { ownCommand, shellCommand } from './shell-words.ts';

export interface PasteContext {
  readonly program: string;
  readonly taskId: string;
  /** Where a plain Temporal client finds the task; null when that is not known. */
  readonly server: { readonly address: string; readonly namespace: string } | null;
}

/** For where nobody can be asked: the exact commands that answer an approval. */
export function pasteLines(pending: PendingApproval, context: PasteContext): readonly Line[] {
  const { program, taskId } = context;
  const own = (...words: readonly string[]) => ownCommand(program, ...words);
  const { approvalId } = pending;
  const approve =
    pending.subject === 'question'
      ? own('approve', taskId, approvalId, '--message', 'the answer')
      : own('approve', taskId, approvalId);
  const rows: readonly (readonly [string, string])[] = [
    ['approve', approve],
    ...(pending.standingRule === null
      ? []
      : [['for the task', own('approve', taskId, approvalId, '--for-task')] as const]),
    ...(pending.subject === 'action' ? [['edit', own('edit', taskId, approvalId)] as const] : []),
    ['reject', own('reject', taskId, approvalId, '--reason', 'why')],
    ...(pending.acceptsSignals && pending.subject !== 'question'
      ? [['by signal', signalCommand(pending, context)] as const]
      : []),
  ];
  return [
    lineAt(4, tone('dim', 'To answer, type one of:')),
    ...rows.map(([label, command]) => commandLine(4, 14, label, command)),
  ];
}

function signalCommand(pending: PendingApproval, { taskId, server }: PasteContext): string {
  const where = server === null ? [] : ['--address', server.address, '--namespace', server.namespace];
  const input = { approvalId: pending.approvalId, digest: pending.digest, outcome: 'granted' };
  return shellCommand([
    'temporal',
    'workflow',
    'signal',
    ...where,
    '--workflow-id',
    taskId,
    '--name',
    messageName.decision,
    '--input',
    JSON.stringify(input),
  ]);
}

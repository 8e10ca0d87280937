import { condition } from '@temporalio/workflow';
import type { OpenApprovalInput } from '../contracts/activities.ts';
import type { ApprovalRecord, PendingApproval } from '../contracts/approval.ts';
import type { ApprovalId } from '../contracts/ids.ts';
import { faultText, passes, waitForPassing } from './fault.ts';
import { giveSandboxBack } from './give-sandbox-back.ts';
import { nextReminder } from './reminders.ts';
import { settledAs } from './settled.ts';
import { openApproval } from './stages.ts';
import { endIfAsked } from './stop-task.ts';
import type { Task } from './task.ts';
import { tellOfApproval } from './tell.ts';

export interface Question
  extends Pick<OpenApprovalInput, 'subject' | 'title' | 'details' | 'action' | 'decision'> {
  readonly approvalId: string;
}

export interface AskOptions {
  /** The sandbox knows which actions have run: giving it back would run them again. */
  readonly keepSandbox?: boolean;
}

/** A person at the terminal answers within this; only then is the sandbox given back, since taking a new one costs a checkout. */
const sandboxGraceMs = 15_000;

/**
 * Asks people, all questions at once, and waits for days if need be. Silence is a refusal: an answer that does not come in time is
 * `expired`. While it waits, no worker slot and, after a short grace, no sandbox is held.
 */
export async function askPeople(
  task: Task,
  questions: readonly Question[],
  { keepSandbox = false }: AskOptions = {},
): Promise<ReadonlyMap<string, ApprovalRecord>> {
  endIfAsked(task);
  const startedMs = Date.now();
  const opened = await open(task, questions);
  const answered = () => opened.every(({ approvalId }) => answerTo(task, approvalId) !== undefined);
  const lastMs = Math.max(...opened.map((p) => p.expiresAtMs));
  const leftMs = () => Math.max(1, lastMs - Date.now());
  const inGrace = await condition(answered, Math.min(sandboxGraceMs, leftMs()));
  if (!inGrace && Date.now() < lastMs) {
    if (!keepSandbox) await giveSandboxBack(task);
    await waitWithReminders(task, opened, answered, lastMs);
  }
  for (const approval of opened)
    if (answerTo(task, approval.approvalId) === undefined) expire(task, approval);
  task.apply({ type: 'waited_for_people', ms: Date.now() - startedMs });
  return new Map(task.state.approvals.map((record) => [record.approvalId, record]));
}

/** Asks one thing of the platform's own; the question's number makes a second one of its name another. */
export async function askOne(
  task: Task,
  name: string,
  { subject, title, detail }: Pick<Question, 'subject' | 'title'> & { readonly detail: string },
  options: AskOptions = {},
): Promise<ApprovalRecord> {
  const approvalId = questionId(task, name);
  const question = { approvalId, subject, title, details: [detail], action: null, decision: null };
  const answer = (await askPeople(task, [question], options)).get(approvalId);
  if (answer === undefined) throw new Error(`no answer for ${approvalId}`);
  return answer;
}

/** Reminds of what is not answered yet, from time to time, until all is answered or the time is over. */
async function waitWithReminders(
  task: Task,
  opened: readonly PendingApproval[],
  answered: () => boolean,
  lastMs: number,
): Promise<void> {
  const openedAtMs = Math.min(...opened.map((p) => p.openedAtMs));
  // From the asking on, not from now: a server that was away meanwhile must not swallow the first one.
  let reminder = nextReminder(openedAtMs, openedAtMs, lastMs);
  for (;;) {
    const untilMs = reminder?.atMs ?? lastMs;
    if (await condition(answered, Math.max(1, untilMs - Date.now()))) return;
    if (reminder === null) return;
    for (const approval of opened)
      if (answerTo(task, approval.approvalId) === undefined)
        tellOfApproval(task.state, approval, reminder.number);
    reminder = nextReminder(openedAtMs, Date.now(), lastMs);
  }
}

/**
 * `i<iteration>.<name>-<n>`: counts the questions of a name since the last record. One id for two questions would let the answer to the
 * first count for the second.
 */
function questionId({ state }: Task, name: string): string {
  const prefix = `i${state.iteration}.${name}-`;
  const asked = [...state.approvals, ...state.pending].filter((a) => a.approvalId.startsWith(prefix));
  return `${prefix}${asked.length + 1}`;
}

async function open(task: Task, questions: readonly Question[]): Promise<readonly PendingApproval[]> {
  const opened: PendingApproval[] = [];
  for (const question of questions) {
    const approval = await openPatiently(task, question);
    opened.push(approval);
    task.apply({ type: 'approval_opened', approval });
    tellOfApproval(task.state, approval, 0);
  }
  return opened;
}

/** What cannot be asked, for a full disk say, is asked later: a fault of asking must not end what is being asked about. */
async function openPatiently(task: Task, question: Question): Promise<PendingApproval> {
  for (let tries = 1; ; tries++) {
    try {
      return await openApproval({
        ...question,
        approvalId: question.approvalId as ApprovalId,
        taskId: task.state.taskId,
        iteration: task.state.iteration,
        specDigest: specDigestOf(task),
        treeBefore: task.state.workspace?.tree ?? null,
        nowMs: Date.now(),
      });
    } catch (error) {
      // A disk is mended by somebody who looks at the machine, a damaged artifact comes from a backup; a policy that was never right does not.
      const mendable = passes(error) || /^(?:disk|artifact)\./.test(faultText(error) ?? '');
      if (!mendable) throw error;
      await waitForPassing(task, tries);
      endIfAsked(task);
    }
  }
}

function answerTo(task: Task, approvalId: string): ApprovalRecord | undefined {
  return task.state.approvals.find((record) => record.approvalId === approvalId);
}

function specDigestOf(task: Task) {
  if (task.state.specDigest === null) throw new Error('asked people before the task was prepared');
  return task.state.specDigest;
}

function expire(task: Task, approval: PendingApproval): void {
  const by = { name: 'timer', proof: 'timer' } as const;
  const record = settledAs(approval, { outcome: 'expired', reason: 'nobody answered in time', by });
  task.apply({ type: 'answered', standingRule: null, record });
}

import type { TaskClient } from '../../client/task-client.ts';
import type { PendingApproval } from '../../contracts/approval.ts';
import type { TaskId } from '../../contracts/ids.ts';
import { type AskResult, askApproval } from '../ask/ask-approval.ts';
import type { FollowPlatform } from '../platform.ts';
import { line, lineAt, tone } from '../terminal/line.ts';
import type { Screen } from '../terminal/screen.ts';
import { pasteLines } from '../view/paste-lines.ts';
import type { Teller } from './teller.ts';

/** Puts what a task asks to the person: as a prompt where one can answer, else as commands to paste. */
export interface Questions {
  /** Something waits that has not been put yet. */
  due(): boolean;
  put(): Promise<void>;
  /** How the prompt that is open ends; null when none is. */
  open(): Promise<AskResult> | null;
  /** Takes the end of the prompt into account. */
  ended(result: AskResult): Promise<void>;
  /** Closes the prompt when what it asks no longer waits. */
  check(): Promise<void>;
  stop(): void;
}

export interface QuestionsDeps {
  readonly platform: FollowPlatform;
  readonly client: TaskClient;
  readonly screen: Screen;
  readonly teller: Teller;
  readonly taskId: TaskId;
  /** The story is no text that says already what waits. */
  readonly json: boolean;
}

/** For where nobody can be asked: each approval is said once, with the commands that answer it. */
export function createPasteQuestions({ platform, teller, taskId, json }: QuestionsDeps): Questions {
  const said = new Set<string>();
  const due = () => teller.view().pending.filter(({ approvalId }) => !said.has(approvalId));
  return {
    due: () => due().length > 0,
    async put() {
      const server = await platform.server().catch(() => null);
      for (const pending of due()) {
        said.add(pending.approvalId);
        const title = json ? [line(`${taskId} waits for a person: ${pending.title}`)] : [];
        await teller.say([...title, ...pasteLines(pending, { program: platform.program, taskId, server })]);
      }
    },
    open: () => null,
    ended: async () => {},
    check: async () => {},
    stop: () => {},
  };
}

interface OpenPrompt {
  readonly approvalId: string;
  readonly closing: AbortController;
  readonly result: Promise<AskResult>;
}

/** For a terminal: one prompt at a time. `onPrompt` says when the keyboard is taken and given back. */
export function createPromptQuestions(deps: QuestionsDeps, onPrompt: (open: boolean) => void): Questions {
  const { teller } = deps;
  const answered = new Set<string>();
  let prompt: OpenPrompt | null = null;
  const due = (): PendingApproval | undefined =>
    teller.view().pending.find(({ approvalId }) => !answered.has(approvalId));
  const close = async () => {
    prompt = null;
    onPrompt(false);
    await teller.release();
  };
  return {
    due: () => prompt === null && due() !== undefined,
    async put() {
      const pending = due();
      if (pending === undefined) return;
      await teller.hold();
      onPrompt(true);
      const { iteration, head } = teller.view();
      const saw = { iteration, head };
      const closing = new AbortController();
      const result = askApproval({ ...deps, pending, saw, signal: closing.signal });
      prompt = { approvalId: pending.approvalId, closing, result };
    },
    open: () => prompt?.result ?? null,
    async ended(result) {
      if (prompt !== null && result === 'decided') answered.add(prompt.approvalId);
      await close();
    },
    async check() {
      const open = prompt;
      if (open === null) return;
      if (teller.view().pending.some(({ approvalId }) => approvalId === open.approvalId)) return;
      open.closing.abort();
      if ((await open.result) === 'closed')
        await teller.say([lineAt(2, tone('warn', 'This has been settled elsewhere meanwhile:'))]);
      await close();
    },
    stop() {
      prompt?.closing.abort();
      prompt?.result.catch(() => {});
    },
  };
}

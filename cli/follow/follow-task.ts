import type { TaskClient } from '../../client/task-client.ts';
import { LonghaulError } from '../../contracts/error.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import type { AskResult } from '../ask/ask-approval.ts';
import { detachedExitCode, outcomeExitCode } from '../exit-code.ts';
import type { Clock, FollowPlatform } from '../platform.ts';
import { type Line, lineAndCommand } from '../terminal/line.ts';
import type { Screen } from '../terminal/screen.ts';
import { ownCommand } from '../view/shell-words.ts';
import { createPasteQuestions, createPromptQuestions, type Questions } from './questions.ts';
import { createJsonTeller, createStoryTeller, type Teller } from './teller.ts';

export interface FollowOptions {
  readonly json: boolean;
  /** In JSON: also what runs right now. */
  readonly liveEvents: boolean;
  /** What was asked for, told below what the task says of itself at its start. */
  readonly asked: readonly Line[];
}

/** A question is put only when no further event has come for this long: one of the past has its answer right behind it. */
const settledMs = 150;

/**
 * Shows a task from its beginning to its end and asks what it asks, until it has ended or the person leaves. Gives the exit code.
 * Throws what the client throws, and `task.failed` for a task that was terminated from outside.
 */
export async function followTask(
  platform: FollowPlatform,
  client: TaskClient,
  screen: Screen,
  taskId: TaskId,
  options: FollowOptions,
): Promise<number> {
  const { terminal, program } = platform;
  const { json, liveEvents } = options;
  const teller = json ? createJsonTeller(platform) : createStoryTeller(platform, screen, options.asked);
  const interrupts = createInterrupts(platform);
  const deps = { platform, client, screen, teller, taskId, json };
  const questions =
    !json && terminal.facts().interactive
      ? createPromptQuestions(deps, interrupts.keyboardTaken)
      : createPasteQuestions(deps);
  const stop = new AbortController();
  const live = !json || liveEvents;
  const events = client.watch(taskId, { signal: stop.signal, live, follow: true })[Symbol.asyncIterator]();
  try {
    const end = await untilEnd(events, {
      teller,
      questions,
      interrupted: interrupts.came,
      clock: platform.clock,
    });
    if (end === 'finished') return exitCodeOf(teller, taskId);
    await teller.hold();
    const again = ownCommand(program, 'watch', taskId);
    await teller.say(lineAndCommand('Detached; the task goes on. Attach again with:', again));
    return detachedExitCode;
  } finally {
    stop.abort();
    questions.stop();
    teller.stop();
    await teller.hold();
    interrupts.stop();
    // Not waited for: it may be waiting for a server that does not answer.
    events.return?.().catch(() => {});
  }
}

function exitCodeOf(teller: Teller, taskId: TaskId): number {
  const { outcome } = teller.view();
  if (outcome !== null) return outcomeExitCode(outcome);
  throw new LonghaulError(
    'task.failed',
    `Task ${taskId} ended without an outcome: it was terminated from outside. What it had done is kept as its checkpoints.`,
  );
}

/** Ctrl-C, except while a prompt has the keyboard and hears it itself. */
function createInterrupts({ terminal }: FollowPlatform) {
  let resolveCame = () => {};
  const came = new Promise<void>((resolve) => {
    resolveCame = resolve;
  });
  let stop = terminal.onInterrupt(() => resolveCame());
  return {
    came,
    keyboardTaken(taken: boolean) {
      stop();
      stop = taken ? () => {} : terminal.onInterrupt(() => resolveCame());
    },
    stop: () => stop(),
  };
}

interface Following {
  readonly teller: Teller;
  readonly questions: Questions;
  readonly interrupted: Promise<void>;
  readonly clock: Clock;
}

type Happening =
  | { readonly type: 'event'; readonly result: IteratorResult<TaskEvent> }
  | { readonly type: 'settled' }
  | { readonly type: 'asked'; readonly result: AskResult }
  | { readonly type: 'interrupted' };

async function untilEnd(
  events: AsyncIterator<TaskEvent>,
  following: Following,
): Promise<'finished' | 'detached'> {
  let next = events.next();
  for (;;) {
    const happening = await nextHappening(next, following);
    const end = await took(happening, following);
    if (end !== null) return end;
    if (happening.type === 'event') next = events.next();
  }
}

async function nextHappening(
  next: Promise<IteratorResult<TaskEvent>>,
  { questions, interrupted, clock }: Following,
): Promise<Happening> {
  const quiet = new AbortController();
  const open = questions.open();
  const racing: Promise<Happening>[] = [
    interrupted.then(() => ({ type: 'interrupted' })),
    next.then((result) => ({ type: 'event', result })),
  ];
  if (open !== null) racing.push(open.then((result) => ({ type: 'asked', result })));
  if (questions.due()) racing.push(clock.after(settledMs, quiet.signal).then(() => ({ type: 'settled' })));
  try {
    return await Promise.race(racing);
  } finally {
    quiet.abort();
  }
}

async function took(
  happening: Happening,
  { teller, questions }: Following,
): Promise<'finished' | 'detached' | null> {
  switch (happening.type) {
    case 'interrupted':
      return 'detached';
    case 'settled':
      await questions.put();
      return null;
    case 'asked':
      await questions.ended(happening.result);
      return happening.result === 'later' || happening.result === 'interrupted' ? 'detached' : null;
    case 'event':
      if (happening.result.done === true) return 'finished';
      await teller.tell(happening.result.value);
      await questions.check();
      return teller.view().outcome === null ? null : 'finished';
    default:
      throw new Error(`unknown happening ${JSON.stringify(happening satisfies never)}`);
  }
}

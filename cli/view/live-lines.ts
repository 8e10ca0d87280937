import { splitLines } from '../terminal/escape.ts';
import { blankLine, type Line, line, type Span, tone } from '../terminal/line.ts';
import { checksSummary } from './check-lines.ts';
import { formatCount, formatElapsed, formatShare, formatUsd } from './format.ts';
import { planSummary } from './plan-lines.ts';
import type { TaskView } from './task-view.ts';

const tailLines = 4;

/** What is drawn anew below the story: what runs now, its last lines, and the sums. Pure. */
export function liveLines(view: TaskView, nowMs: number): readonly Line[] {
  if (view.taskId === '' || view.outcome !== null) return [];
  return [
    blankLine,
    line(...nowSpans(view, nowMs)),
    ...tailOf(view).map((text) => line(tone('dim', `  │ ${text}`))),
    ...(view.steps.length === 0 ? [] : [line(tone('dim', `  ${planSummary(view.steps)}`))]),
    line(tone('dim', '  '), ...sumSpans(view, nowMs)),
    line(tone('dim', '  Ctrl-C detaches; the task goes on')),
  ];
}

function nowSpans(view: TaskView, nowMs: number): readonly Span[] {
  const iteration = view.iteration === 0 ? 'preparing' : `iteration ${view.iteration}`;
  const head = [tone('accent', '▸ '), tone('strong', iteration)];
  if (view.paused) return [...head, tone('warn', ' · paused')];
  if (view.pending.length > 0) return [...head, tone('warn', ' · waits for a person')];
  if (view.retrying !== null) {
    const { what, attempt, nextAttemptAtMs } = view.retrying;
    const wait = nextAttemptAtMs === null ? '' : ` · again in ${formatElapsed(nextAttemptAtMs - nowMs)}`;
    return [...head, tone('warn', ` · ${what}, attempt ${attempt}${wait}`)];
  }
  if (view.running === null) return head;
  const { what, sinceMs } = view.running;
  // Before what runs, which may be a line of any length: the end of a row is what is cut.
  return [...head, tone('dim', ` · ${formatElapsed(nowMs - sinceMs)}`), tone('plain', ` · ${what}`)];
}

/** The last lines of what runs; of a progress bar that draws over itself, what it drew last. */
function tailOf(view: TaskView): readonly string[] {
  if (view.running === null) return [];
  return splitLines(view.running.tail)
    .map((text) => text.split('\r').findLast((part) => part !== '') ?? '')
    .filter((text) => text.trim() !== '')
    .slice(-tailLines);
}

function sumSpans(view: TaskView, nowMs: number): readonly Span[] {
  const { inputTokens, cachedTokens, costUsd } = view.usage;
  const cost = costUsd === null ? 'price unknown' : formatUsd(costUsd);
  const tokens = `${formatCount(inputTokens)} tokens (${formatShare(cachedTokens, inputTokens)} cached)`;
  const spent = view.usage.modelCalls === 0 ? [] : [cost, tokens];
  const sums = [formatElapsed(nowMs - view.startedAtMs), ...spent].join(' · ');
  if (view.results.length === 0) return [tone('dim', sums)];
  return [checksSummary(view.results), tone('dim', ` · ${sums}`)];
}

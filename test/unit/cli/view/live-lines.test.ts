import { describe, expect, it } from 'vitest';
import { blankLine } from '../../../../cli/terminal/line.ts';
import { fitLine, renderLines } from '../../../../cli/terminal/render.ts';
import { liveLines } from '../../../../cli/view/live-lines.ts';
import { applyEvent, emptyView, type TaskView } from '../../../../cli/view/task-view.ts';
import type { TaskEvent } from '../../../../contracts/task-event.ts';
import { event, startMs, wholeStory } from '../../../helpers/story-events.ts';

const viewAfter = (events: readonly TaskEvent[]): TaskView => events.reduce(applyEvent, emptyView);
const shown = (view: TaskView, atSeconds: number) =>
  renderLines(liveLines(view, startMs + atSeconds * 1000), { columns: 100, color: false });

const { opening, ending } = wholeStory();
const running = opening.findIndex((one) => one.type === 'live.running' && one.tail !== '');

describe('the lines below the story', () => {
  it('say what runs, its last lines, the plan and the sums', () => {
    expect(`\n${shown(viewAfter(opening.slice(0, running + 1)), 14).join('\n')}\n`).toMatchInlineSnapshot(`
      "

      ▸ iteration 1 · 4 s · npm test -- invoice
        │  RUN  v4.0.0
        │  90 %
        │  FAIL invoice.test.ts
        plan 0/2: Find what fails
        14 s · $0.0312 · 12.4k tokens (72 % cached)
        Ctrl-C detaches; the task goes on
      "
    `);
  });

  it('say how long something runs also where its command takes the whole row', () => {
    const view = viewAfter([
      ...opening.slice(0, 3),
      event(5, { type: 'live.running', what: 'x'.repeat(200), sinceMs: startMs, tail: '' }),
    ]);
    const [, now = blankLine] = liveLines(view, startMs + 9000);
    expect(fitLine(now, { columns: 40, color: false })).toMatch(/^▸ \S.* · 9 s · x+…$/);
  });

  it('keep of a progress bar only what it drew last, and show no escape sequence of a command', () => {
    const tail = '1 %\r50 %\r99 %\r\n\u001b[2Kdone\n';
    const view = viewAfter([
      ...opening.slice(0, 3),
      event(5, { type: 'live.running', what: 'x', sinceMs: 0, tail }),
    ]);
    const rows = shown(view, 9);
    expect(rows).toContain('  │ 99 %');
    expect(rows).toContain('  │ <U+001B>[2Kdone');
  });

  it('say that a person is waited for', () => {
    expect(shown(viewAfter(opening), 30)).toContain('▸ iteration 2 · waits for a person');
  });

  it('say that a task is paused', () => {
    const view = viewAfter([...opening.slice(0, 3), event(5, { type: 'task.paused', by: 'ann' })]);
    expect(shown(view, 9)).toContain('▸ preparing · paused');
  });

  it('say until when an attempt is waited for', () => {
    const retrying = event(5, {
      type: 'live.retrying',
      what: 'asking gpt-test',
      attempt: 4,
      error: 'model.unavailable',
      nextAttemptAtMs: startMs + 40_000,
    });
    expect(shown(viewAfter([...opening.slice(0, 3), retrying]), 10)).toContain(
      '▸ preparing · asking gpt-test, attempt 4 · again in 30 s',
    );
  });

  it('are gone before the task is known and after it has ended', () => {
    expect(liveLines(emptyView, startMs)).toEqual([]);
    expect(liveLines(viewAfter([...opening, ...ending]), startMs)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { longestWaiting, waitingLines } from '../../../../cli/view/waiting-lines.ts';
import type { TaskListEntry } from '../../../../client/task-client.ts';
import type { TaskId } from '../../../../contracts/ids.ts';
import { nowMs } from '../../../helpers/fake-platform.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

function waits(
  taskId: string,
  minutesAgo: number,
  more: Partial<NonNullable<TaskListEntry['waiting']>> = {},
): TaskListEntry {
  const openedAtMs = nowMs - minutesAgo * minuteMs;
  return {
    taskId: taskId as TaskId,
    status: 'waiting',
    instruction: 'Fix the date bug',
    repository: '/home/ann/shop',
    startedAtMs: nowMs - 3 * dayMs,
    endedAtMs: null,
    approvalId: 'i2.a0',
    waiting: {
      approvalId: 'i2.a0',
      title: 'npm install left-pad',
      openedAtMs,
      expiresAtMs: openedAtMs + 7 * dayMs,
      costUsd: 0.4,
      more: 0,
      ...more,
    },
  };
}

const old = waits('update-the-lock-file-kk2p9', 3 * 1440, { costUsd: 1.25, more: 2 });
const fresh = waits('fix-the-date-bug-abcde', 0);
/** A worker of a version before told nothing but which question waits. */
const terse: TaskListEntry = { ...fresh, taskId: 'an-old-task-zzzzz' as TaskId, waiting: null };

const shown = (tasks: readonly TaskListEntry[], columns: number) =>
  renderLines(waitingLines(tasks, { nowMs, columns }), { columns, color: false });

describe('what waits for a person', () => {
  it('is a table where there is room for one, and a question of 7 days that was asked just now expires in 7', () => {
    expect(`\n${shown([old, fresh, terse], 110).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      TASK                        SINCE    ASKS                                       COST  EXPIRES
      update-the-lock-file-kk2p9  3 d ago  i2.a0: npm install left-pad (and 2 more)  $1.25  in 4 d
      fix-the-date-bug-abcde      now      i2.a0: npm install left-pad               $0.40  in 7 d
      an-old-task-zzzzz           3 d ago  i2.a0                                         –
      "
    `);
  });

  it('is some lines each where there is little room, and no id is cut', () => {
    expect(`\n${shown([old, fresh], 40).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      update-the-lock-file-kk2p9
        i2.a0: npm install left-pad (and 2
          more)
        asked 3 d ago · $1.25 · expires in 4 d
      fix-the-date-bug-abcde
        i2.a0: npm install left-pad
        asked now · $0.40 · expires in 7 d
      "
    `);
  });

  it('fits the width that there is', () => {
    const long = waits('fix-the-date-bug-abcde', 5, { title: `rm -r ${'build/'.repeat(40)}` });
    for (const columns of [100, 120, 200]) {
      for (const row of shown([long], columns)) expect(row.length).toBeLessThanOrEqual(columns);
    }
  });

  it('says when a question is too late, and when nothing waits', () => {
    expect(shown([waits('a', 9 * 1440)], 120).join('\n')).toMatch(/ now$/);
    expect(shown([], 120)).toEqual(['Nothing waits for a person.']);
  });

  it('keeps a title on one line, and shows no escape sequence of it', () => {
    const rows = shown([waits('a', 1, { title: 'two\nlines \u001b[2J' })], 120);
    expect(rows).toHaveLength(2);
    expect(rows[1]).toContain('two lines <U+001B>[2J');
  });
});

describe('the order of what waits', () => {
  it('is by how long, and within a minute what has cost most', () => {
    const cheap = waits('cheap', 10, { costUsd: 0.1 });
    const unpriced = waits('unpriced', 10, { costUsd: null });
    const dear = { ...waits('dear', 10, { costUsd: 3 }) };
    const order = longestWaiting([fresh, unpriced, cheap, dear, old]).map(({ taskId }) => taskId);
    expect(order).toEqual([old.taskId, 'dear', 'cheap', 'unpriced', fresh.taskId]);
  });

  it('takes a task whose question is not known by its start', () => {
    expect(longestWaiting([old, terse]).map(({ taskId }) => taskId)).toEqual([old.taskId, terse.taskId]);
    expect(longestWaiting([fresh, terse]).map(({ taskId }) => taskId)).toEqual([terse.taskId, fresh.taskId]);
  });
});

import type { TaskListEntry } from '../../client/task-client.ts';
import { type Line, line, lineAt, tone } from '../terminal/line.ts';
import { type TableCell, tableLines } from '../terminal/table.ts';
import { formatAgo, formatLeft, formatUsd } from './format.ts';

const tableColumns = 100;
const minuteMs = 60_000;

/** What waits longest first; of those that began to wait in the same minute, what has cost most: there the most is held up. */
export function longestWaiting(tasks: readonly TaskListEntry[]): readonly TaskListEntry[] {
  const since = (task: TaskListEntry) => Math.floor(openedAt(task) / minuteMs);
  return [...tasks].sort(
    (a, b) => since(a) - since(b) || (b.waiting?.costUsd ?? 0) - (a.waiting?.costUsd ?? 0),
  );
}

/** Tasks that wait for a person as a table, or on a narrow terminal as two lines each: an id is never cut, since it is there to be copied. */
export function waitingLines(
  tasks: readonly TaskListEntry[],
  { nowMs, columns }: { readonly nowMs: number; readonly columns: number },
): readonly Line[] {
  if (tasks.length === 0) return [line('Nothing waits for a person.')];
  if (columns < tableColumns) return tasks.flatMap((task) => stacked(task, nowMs));
  return tableLines(
    [
      { title: 'TASK' },
      { title: 'SINCE' },
      { title: 'ASKS', flexible: true, minWidth: 16 },
      { title: 'COST', align: 'right' },
      { title: 'EXPIRES' },
    ],
    tasks.map((task): readonly TableCell[] => [
      { text: task.taskId, tone: 'strong' },
      { text: formatAgo(openedAt(task), nowMs) },
      { text: asks(task), tone: 'warn' },
      { text: cost(task) },
      { text: expires(task, nowMs) },
    ]),
    columns,
  );
}

function stacked(task: TaskListEntry, nowMs: number): readonly Line[] {
  const expiry = expires(task, nowMs);
  const facts = [
    `asked ${formatAgo(openedAt(task), nowMs)}`,
    cost(task),
    ...(expiry === '' ? [] : [`expires ${expiry}`]),
  ];
  return [
    line(tone('strong', task.taskId)),
    lineAt(2, tone('warn', asks(task))),
    lineAt(2, tone('dim', facts.join(' · '))),
  ];
}

function openedAt({ waiting, startedAtMs }: TaskListEntry): number {
  return waiting?.openedAtMs ?? startedAtMs;
}

function asks({ waiting, approvalId }: TaskListEntry): string {
  if (waiting === null) return approvalId ?? '';
  const more = waiting.more === 0 ? '' : ` (and ${waiting.more} more)`;
  return `${waiting.approvalId}: ${waiting.title.replace(/\s+/g, ' ')}${more}`;
}

function cost({ waiting }: TaskListEntry): string {
  return waiting?.costUsd == null ? '–' : formatUsd(waiting.costUsd);
}

function expires({ waiting }: TaskListEntry, nowMs: number): string {
  if (waiting === null) return '';
  return waiting.expiresAtMs <= nowMs ? 'now' : `in ${formatLeft(waiting.expiresAtMs - nowMs)}`;
}

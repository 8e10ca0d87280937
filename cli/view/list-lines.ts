import type { TaskListEntry } from '../../client/task-client.ts';
import { type Line, line, lineAndCommand, lineAt, type Tone, tone } from '../terminal/line.ts';
import { tableLines } from '../terminal/table.ts';
import { formatAgo } from './format.ts';
import { ownCommand } from './shell-words.ts';

const tableColumns = 90;

/** Tasks as a table, or on a narrow terminal as two lines each: an id is never cut, since it is there to be copied. */
export function listLines(
  tasks: readonly TaskListEntry[],
  context: {
    readonly program: string;
    readonly nowMs: number;
    readonly columns: number;
    readonly filtered: boolean;
  },
): readonly Line[] {
  const { program, nowMs, columns } = context;
  if (tasks.length === 0)
    return context.filtered ? [line('No task has this status.')] : noTasksLines(program);
  if (columns < tableColumns) return tasks.flatMap((task) => stacked(task, nowMs));
  return tableLines(
    [
      { title: 'TASK' },
      { title: 'STATUS' },
      { title: 'STARTED' },
      { title: 'WAITS FOR', flexible: true, minWidth: 9 },
      { title: 'INSTRUCTION', flexible: true, minWidth: 12 },
    ],
    tasks.map((task) => [
      { text: task.taskId, tone: 'strong' },
      { text: task.status, tone: statusTone(task.status) },
      { text: formatAgo(task.startedAtMs, nowMs) },
      { text: task.approvalId ?? '', tone: 'warn' },
      { text: oneLine(task.instruction) },
    ]),
    columns,
  );
}

export function statusTone(status: string): Tone {
  if (status === 'delivered') return 'good';
  if (status === 'failed' || status === 'stopped') return 'bad';
  return status === 'waiting' || status === 'paused' ? 'warn' : 'plain';
}

function stacked(task: TaskListEntry, nowMs: number): readonly Line[] {
  const waits = task.approvalId === null ? [] : [tone('warn', ` for ${task.approvalId}`)];
  return [
    line(tone('strong', task.taskId)),
    lineAt(
      2,
      tone(statusTone(task.status), task.status),
      ...waits,
      tone('dim', ` · ${formatAgo(task.startedAtMs, nowMs)}`),
    ),
    lineAt(2, oneLine(task.instruction).slice(0, 160)),
  ];
}

/** Before the first task: how to start one. */
export function noTasksLines(program: string): readonly Line[] {
  const start = ownCommand(program, 'run', 'Fix the failing test');
  return lineAndCommand('No tasks yet. Start one in a git repository:', start);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

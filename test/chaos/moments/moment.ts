import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalActivities, TaskActivities } from '../../../contracts/activities.ts';
import type { TaskId } from '../../../contracts/ids.ts';

export type Stage = keyof TaskActivities | keyof LocalActivities;

/** A point in an activity at which a worker stops, once: before it does anything, at a call of a port, or when all is done and nothing reported. */
export interface Moment {
  readonly stage: Stage;
  /** `asks` and `got`: before and after a call of a port. */
  readonly at: 'before' | 'asks' | 'got' | 'after';
  /** `port.method` of that call, or its number within the activity, from 1. Null for the other two. */
  readonly call: string | number | null;
  /** The iteration whose activity is meant; null for the first that comes. */
  readonly iteration: number | null;
}

/** Who has stopped, and where. */
export interface Stopped {
  readonly pid: number;
  readonly startTime: string;
  readonly attempt: number;
  readonly call: string | null;
}

/** One start of an activity, as each worker writes it down. */
export interface Started {
  readonly taskId: string;
  readonly stage: string;
  readonly attempt: number;
  readonly pid: number;
  readonly atMs: number;
}

/** Before a stage begins; of any iteration where none is given. */
export const before = (stage: Stage, iteration: number | null = null): Moment => ({
  stage,
  at: 'before',
  call: null,
  iteration,
});

export const momentText = ({ stage, at, call, iteration }: Moment): string => {
  const where = at === 'before' || at === 'after' ? at : 'inside';
  const which =
    call === null
      ? ''
      : `, ${at === 'asks' ? 'before' : 'after'} ${typeof call === 'number' ? `call ${call}` : call}`;
  return `${where} ${stage}${iteration === null ? '' : ` ${iteration}`}${which}`;
};

/** The files by which the harness and its workers agree on one moment of a task. */
export function momentFiles(directory: string, taskId: string) {
  const at = (suffix: string) => join(directory, `${taskId}.${suffix}`);
  return {
    armed: at('armed'),
    claimed: at('claimed'),
    stopped: at('stopped'),
    go: at('go'),
    passed: at('passed'),
  } as const;
}

export const startedFile = (directory: string): string => join(directory, 'started.jsonl');

/** A reader sees the whole content or none. */
export function writeWhole(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, JSON.stringify(content));
  renameSync(`${file}.new`, file);
}

/** The harness's side. */
export function moments(directory: string) {
  return {
    arm: (taskId: TaskId, moment: Moment) => writeWhole(momentFiles(directory, taskId).armed, moment),
    stopped(taskId: TaskId): Stopped | undefined {
      const { stopped } = momentFiles(directory, taskId);
      return existsSync(stopped) ? (JSON.parse(readFileSync(stopped, 'utf8')) as Stopped) : undefined;
    },
    /** Whether the activity that had stopped has come to its end since. */
    passed: (taskId: TaskId) => existsSync(momentFiles(directory, taskId).passed),
    letGo: (taskId: TaskId) => writeFileSync(momentFiles(directory, taskId).go, ''),
    started(taskId: TaskId): readonly Started[] {
      const file = startedFile(directory);
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
      return lines.map((line) => JSON.parse(line) as Started).filter((one) => one.taskId === taskId);
    },
  };
}

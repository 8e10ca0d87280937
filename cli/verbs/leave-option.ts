import { z } from 'zod';
import { TaskIdSchema } from '../../contracts/ids.ts';

/** For an option that may be given more than once. */
export const many = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** Whole ids of tasks, as `version.cannot_replay` prints them. */
export const LeaveSchema = z.array(TaskIdSchema).readonly().default([]);

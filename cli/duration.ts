import { z } from 'zod';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const maxDays = 90;

/** A time as typed, `30m`, `12h` or `90d`, in milliseconds; at most 90 days. */
export const DurationSchema = z
  .string()
  .regex(/^[0-9]{1,6}[mhd]$/, 'expected a time such as 30m, 12h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * unitMs[text.slice(-1) as keyof typeof unitMs])
  .refine((ms) => ms > 0 && ms <= maxDays * unitMs.d, `expected more than 0 and at most ${maxDays}d`);

import { parseArgs } from 'node:util';

export const usage = `Usage: npm run demo [-- --crash] [-- --real]

Runs a coding task on a sample repository: a failing check, a change of approach, two approvals, a branch.

  --crash   kill -9 the worker while it runs a command; the task goes on by itself
  --real    the model of OPENAI_BASE_URL and OPENAI_API_KEY instead of the scripted one
  --help    this text`;

export interface DemoOptions {
  readonly crash: boolean;
  readonly real: boolean;
  readonly help: boolean;
}

/** Throws a TypeError for anything that it does not know. */
export function demoOptions(args: readonly string[]): DemoOptions {
  const boolean = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { crash: boolean, real: boolean, help: { ...boolean, short: 'h' } },
  });
  return values;
}

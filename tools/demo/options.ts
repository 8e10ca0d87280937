import { parseArgs } from 'node:util';

export const usage = `Usage: npm run demo [-- --crash] [-- --real] [-- --sandbox kubernetes]

Runs a coding task on a sample repository: a failing check, a change of approach, two approvals, a branch.

  --crash   kill -9 the worker while it runs a command; the task goes on by itself
  --real    the model of OPENAI_BASE_URL and OPENAI_API_KEY instead of the scripted one
  --sandbox kubernetes
            commands run in pods: of the cluster of KUBECONFIG, else of one that this machine gets for it (Linux, root)
  --help    this text`;

export interface DemoOptions {
  readonly crash: boolean;
  readonly real: boolean;
  readonly sandbox: 'local' | 'kubernetes';
  readonly help: boolean;
}

/** Throws an error for anything that it does not know. */
export function demoOptions(args: readonly string[]): DemoOptions {
  const boolean = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      crash: boolean,
      real: boolean,
      sandbox: { type: 'string', default: 'local' },
      help: { ...boolean, short: 'h' },
    },
  });
  const { sandbox } = values;
  if (sandbox !== 'local' && sandbox !== 'kubernetes')
    throw new TypeError(`--sandbox: expected local or kubernetes, and it is "${sandbox}"`);
  return { ...values, sandbox };
}

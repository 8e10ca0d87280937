import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Ports } from '../../../activities/ports.ts';
import { thisProcess } from '../../../workers/process-lock.mjs';
import { type Moment, momentFiles, type Started, type Stopped, startedFile, writeWhole } from './moment.ts';

const pollMs = 5;
const watchedPorts = ['artifacts', 'forge', 'repositories', 'sandbox', 'model'] as const;

/** Makes a worker stop at the moment that the harness has armed for a task, until it is let go or killed. The worker lives meanwhile: it beats. */
export function createStops(directory: string) {
  const calls = new WeakMap<Context, number>();
  const iterations = new WeakMap<Context, number | null>();
  const held = new WeakSet<Context>();

  async function stopIf(context: Context, fits: (moment: Moment) => boolean, call: string | null) {
    const { workflowExecution, activityType, attempt } = context.info;
    const files = momentFiles(directory, workflowExecution?.workflowId ?? '');
    const moment = readMoment(files.armed);
    if (moment?.stage !== activityType || !fits(moment)) return;
    try {
      renameSync(files.armed, files.claimed);
    } catch {
      return;
    }
    held.add(context);
    writeWhole(files.stopped, { ...thisProcess(), attempt, call } satisfies Stopped);
    while (!existsSync(files.go)) await delay(pollMs);
  }

  const interceptor: ActivityInterceptorsFactory = (context) => ({
    inbound: {
      async execute(input, next) {
        const { workflowExecution, activityType, attempt } = context.info;
        const iteration = iterationOf(input.args[0]);
        const started: Started = {
          taskId: workflowExecution?.workflowId ?? '',
          stage: activityType,
          attempt,
          pid: process.pid,
          atMs: Date.now(),
        };
        appendFileSync(startedFile(directory), `${JSON.stringify(started)}\n`);
        const here = (moment: Moment) => moment.iteration === null || moment.iteration === iteration;
        iterations.set(context, iteration);
        try {
          await stopIf(context, (moment) => moment.at === 'before' && here(moment), null);
          const result = await next(input);
          await stopIf(context, (moment) => moment.at === 'after' && here(moment), null);
          return result;
        } finally {
          if (held.has(context)) writeFileSync(momentFiles(directory, started.taskId).passed, '');
        }
      },
    },
  });

  function wrap<T extends object>(port: string, target: T): T {
    return new Proxy(target, {
      get(_, key) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function' || key === 'gitDir') return method;
        const name = `${port}.${String(key)}`;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          const context = Context.current();
          const number = (calls.get(context) ?? 0) + 1;
          calls.set(context, number);
          const fits = (at: Moment['at']) => (moment: Moment) =>
            moment.at === at &&
            (moment.call === name || moment.call === number) &&
            (moment.iteration === null || moment.iteration === iterations.get(context));
          await stopIf(context, fits('asks'), name);
          const result: unknown = await Reflect.apply(method, target, args);
          await stopIf(context, fits('got'), name);
          return result;
        };
      },
    });
  }

  return {
    interceptor,
    ports(ports: Ports): Ports {
      const wrapped = Object.fromEntries(watchedPorts.map((port) => [port, wrap(port, ports[port])]));
      return { ...ports, ...wrapped };
    },
  };
}

function readMoment(file: string): Moment | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Moment;
  } catch {
    return undefined;
  }
}

function iterationOf(input: unknown): number | null {
  if (typeof input !== 'object' || input === null) return null;
  const { iteration, record } = input as { readonly iteration?: unknown; readonly record?: unknown };
  if (typeof iteration === 'number') return iteration;
  return record === undefined ? null : iterationOf(record);
}

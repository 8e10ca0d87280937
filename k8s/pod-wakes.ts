import { setTimeout as delay } from 'node:timers/promises';
import { type KubeConfig, type V1Pod, Watch } from '@kubernetes/client-node';
import { forbidden } from './api-faults.ts';
import { label, managedBy } from './job.ts';
import { pause } from './pause.ts';

/** While no watch is open. */
const pollMs = 100;
/** The truth is asked for so often, whatever a watch says. */
const lookMs = 5_000;
/** Events come in bursts: one look does for all of one. */
const burstMs = 15;
const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** A watch that was open for longer has not failed. */
const steadyMs = 1_000;

/** Says when to look at a lease's pod again. What it is must be asked for. */
export interface PodWaker extends Disposable {
  /** Resolves after a change since the last call, or after `limitMs`, at most 5 s. Throws the signal's reason once that is aborted. */
  next(signal?: AbortSignal, limitMs?: number): Promise<void>;
}

export interface PodWakes {
  /** `job`: the value of `label.lease`. Changes from now on count. */
  of(job: string): PodWaker;
}

export interface PodWakesDeps {
  readonly cluster: KubeConfig;
  readonly namespace: string;
  readonly owner: string;
  /** Told once, where this worker may not watch pods. */
  readonly say: (line: string) => void;
}

/** One watch for all that wait for pods, open while somebody does. Where it cannot be had, who waits looks ten times a second. */
export function createPodWakes({ cluster, namespace, owner, say }: PodWakesDeps): PodWakes {
  const wakes = new Map<string, Set<Flag>>();
  let open: AbortController | null = null;
  let following = false;
  let refused = false;

  const wakeAll = (): void => {
    for (const flags of wakes.values()) for (const flag of flags) flag.raise();
  };
  const onEvent = (_type: string, pod: V1Pod): void => {
    const job = pod.metadata?.labels?.[label.lease];
    if (job !== undefined) for (const flag of wakes.get(job) ?? []) flag.raise();
  };

  /** One watch to its end: what ended it, null when the server did. */
  const watchOnce = async (): Promise<unknown> => {
    const ended = Promise.withResolvers<unknown>();
    let isOver = false;
    const over = (error: unknown): void => {
      isOver = true;
      ended.resolve(error);
    };
    // client-node 2.0.1 ends a watch that is quiet for 30 s; it is opened again.
    const query = { labelSelector: `${label.managedBy}=${managedBy},${label.owner}=${owner}` };
    const controller = await new Watch(cluster).watch(
      `/api/v1/namespaces/${namespace}/pods`,
      query,
      onEvent,
      over,
    );
    if (!isOver) open = controller;
    if (wakes.size === 0) controller.abort();
    try {
      return await ended.promise;
    } finally {
      open = null;
    }
  };

  const follow = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (wakes.size > 0 && !refused) {
      const openedAt = Date.now();
      const end = await watchOnce().catch((error: unknown) => error);
      wakeAll();
      refused = statusOf(end) === forbidden;
      if (refused)
        say(
          `This worker may not watch pods in namespace ${namespace}: it looks at them ten times a second instead. Give its role the verb "watch" for pods.`,
        );
      else await delay(pauseMs, undefined, { ref: false });
      pauseMs = Date.now() - openedAt > steadyMs ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2);
    }
    following = false;
  };

  return {
    of(job) {
      const flag = createFlag();
      const flags = wakes.get(job) ?? new Set();
      wakes.set(job, flags.add(flag));
      if (!following && !refused) {
        following = true;
        void follow();
      }
      return {
        async next(signal, limitMs = lookMs) {
          await flag.lowered(Math.min(limitMs, open === null ? pollMs : lookMs), signal);
        },
        [Symbol.dispose]() {
          flags.delete(flag);
          if (flags.size === 0 && wakes.get(job) === flags) wakes.delete(job);
          if (wakes.size === 0) open?.abort();
        },
      };
    },
  };
}

interface Flag {
  raise(): void;
  /** Waits until it is up, or for `limitMs`, and takes it down. */
  lowered(limitMs: number, signal: AbortSignal | undefined): Promise<void>;
}

function createFlag(): Flag {
  let up = false;
  let onRaise = (): void => undefined;
  return {
    raise() {
      up = true;
      onRaise();
    },
    async lowered(limitMs, signal) {
      const raised = new AbortController();
      onRaise = () => raised.abort();
      if (!up) await pause(limitMs, eitherOf(raised.signal, signal)).catch(() => undefined);
      signal?.throwIfAborted();
      if (up) await pause(burstMs, signal);
      up = false;
    },
  };
}

function eitherOf(own: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given === undefined ? own : AbortSignal.any([own, given]);
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
}

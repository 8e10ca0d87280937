import type { Ports } from '../../activities/ports.ts';

/** What a worker's death looks like to the activity that ran in it: nothing that it asks for works any more. */
export class WorkerDied extends Error {
  constructor(call: string) {
    super(`the worker died after ${call}`);
    this.name = 'WorkerDied';
  }
}

export interface MortalPorts {
  readonly ports: Ports;
  /** The calls that were made, as `port.method`. */
  readonly calls: readonly string[];
}

const mortalPorts = ['artifacts', 'forge', 'repositories', 'sandbox', 'model'] as const;

/**
 * Ports of a worker that dies as soon as call number `dieAfter` (from 1) has had its effect: the call itself and all later ones fail. With
 * a name, the number counts the calls of that name alone.
 */
export function mortal(ports: Ports, dieAfter: number, name?: string): MortalPorts {
  const calls: string[] = [];
  let counted = 0;
  let dead = false;
  /** Counts a call; true for the one that is to be the last. */
  const isLast = (call: string): boolean => {
    if (dead) throw new WorkerDied(`an earlier call, before ${call}`);
    calls.push(call);
    if (name !== undefined && name !== call) return false;
    counted += 1;
    return counted === dieAfter;
  };
  const wrap = <T extends object>(port: string, target: T): T =>
    new Proxy(target, {
      get(_, key) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function' || key === 'gitDir') return method;
        const call = `${port}.${String(key)}`;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          const last = isLast(call);
          const result: unknown = await Reflect.apply(method, target, args);
          if (!last) return result;
          dead = true;
          throw new WorkerDied(call);
        };
      },
    });
  const wrapped = Object.fromEntries(mortalPorts.map((port) => [port, wrap(port, ports[port])]));
  return { ports: { ...ports, ...wrapped }, calls };
}

import type { Ports } from './ports.ts';
import { attempt } from './pulse.ts';

/** A person's wish is at most this old when another action begins. An iteration of quick actions asks nothing. */
const lookEveryMs = 1000;

/** Asked before each action: why it is not worth beginning any more; null otherwise. */
export type Overtaken = () => Promise<string | null>;

export function watchOvertaken({ overtaken }: Pick<Ports, 'overtaken'>): Overtaken {
  // The try before this one may have taken any time.
  let lookedAtMs = attempt() === 1 ? performance.now() : Number.NEGATIVE_INFINITY;
  let found: string | null = null;
  return async () => {
    if (found === null && performance.now() - lookedAtMs >= lookEveryMs) {
      found = await overtaken();
      lookedAtMs = performance.now();
    }
    return found;
  };
}

import type fc from 'fast-check';
import type { Answer } from '../../../contracts/approval.ts';
import { type Expected, settle } from './expected.ts';
import { expectThere, type Real } from './real.ts';

export type Command = fc.AsyncCommand<Expected, Real>;

/** What a command does to both, where it makes sense; afterwards both must be at the same place with the same state. */
export function command(
  name: string,
  run: (x: Expected, real: Real) => Promise<unknown>,
  check: (x: Expected) => boolean = () => true,
): Command {
  let shown = name;
  return {
    check: (x) => x.wait !== null && check(x),
    async run(x, real) {
      shown = `${name} @${x.wait?.for}`;
      await run(x, real);
      settle(x);
      await expectThere(x, real);
    },
    toString: () => shown,
  };
}

export const person = (name: string): Answer['by'] => ({ name, proof: 'os_user' });

/** What must not count is refused; the sender learns it. */
export async function refusedBy(sent: Promise<unknown>): Promise<void> {
  const [one] = await Promise.allSettled([sent]);
  if (one?.status === 'fulfilled') throw new Error('an answer counted that must not');
}

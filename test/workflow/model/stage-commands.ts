import fc from 'fast-check';
import { type Command, command } from './command.ts';
import { type Expected, goOn } from './expected.ts';
import type { Go } from './model.ts';
import { release } from './real.ts';

const isAtStage = ({ wait }: Expected) => wait !== null && wait.for !== 'people' && wait.for !== 'resume';
/** What a stage may give, the usual more often. */
export const anyGo: fc.Arbitrary<Go> = fc.record({
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'none', 'passes', 'asks'),
  actions: fc.oneof(
    { weight: 3, arbitrary: fc.constant(['allowed' as const]) },
    {
      weight: 3,
      arbitrary: fc.array(fc.constantFrom('allowed', 'asked', 'denied', 'question'), { maxLength: 3 }),
    },
  ),
  compacts: fc.constantFrom(false, false, false, true),
  dear: fc.constantFrom(false, false, false, false, true),
  sandboxLost: fc.constantFrom(false, false, false, true),
  judgedAtOnce: fc.boolean(),
  next: fc.constantFrom(
    'continue',
    'continue',
    'continue',
    'continue',
    'deliver',
    'deliver',
    'replan',
    'rollback',
    'rollback',
    'ask',
    'stop',
  ),
  progress: fc.constantFrom(0, 0.5, 1),
  verified: fc.constantFrom(true, true, false),
});

export function letGoOn(result: Go): Command {
  return command(
    `go on ${JSON.stringify(result)}`,
    async (x, real) => {
      release(real, result);
      goOn(x, result);
    },
    isAtStage,
  );
}

/** Nothing but this comes of the iteration. */
export function calmly(next: Go['next']): Go {
  const nothing = { compacts: false, dear: false, sandboxLost: false, judgedAtOnce: false };
  return { fault: 'none', actions: [], ...nothing, next, progress: 1, verified: true };
}

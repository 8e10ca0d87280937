import fc from 'fast-check';
import type { Answer } from '../../../contracts/approval.ts';
import { again, answered, atOnce, wrongDigest } from './answer-commands.ts';
import { anyChange } from './change-commands.ts';
import type { Command } from './command.ts';
import { cancelled, paused, resumed, rolledBack } from './control-commands.ts';
import { anyGo, letGoOn } from './stage-commands.ts';
import { restarted, steered, steeredOnTheMove } from './steer-commands.ts';

const which = fc.nat(2);
const how = fc.constantFrom<'update' | 'signal'>('update', 'signal');
const outcome = fc.constantFrom<Answer['outcome']>('granted', 'granted', 'rejected', 'edited');
const step = anyGo.map(letGoOn);
const answers = fc.tuple(outcome, which, how).map((drawn) => answered(...drawn));

/** Everything that can happen to a task, the usual more often. */
export const anyCommand: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 8 }, () => step),
  ...Array.from({ length: 4 }, () => answers),
  fc.tuple(which, how).map((drawn) => wrongDigest(...drawn)),
  fc.boolean().map(again),
  fc.constant(atOnce),
  fc.constantFrom([1, 0], [2, 5000], [30, 0]).map(([count = 1, length = 0]) => steered(count, length)),
  fc.integer({ min: 1, max: 4 }).map(steeredOnTheMove),
  fc.constant(paused),
  fc.constant(resumed),
  fc.nat(4).map(rolledBack),
  anyChange,
  fc.constantFrom<'soft' | 'now'>('soft', 'soft', 'now').map(cancelled),
  fc.nat(2).map(restarted),
];

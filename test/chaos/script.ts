import { brokenSum, conversation, mendSum, sumCheck, type TurnInput } from '../helpers/e2e-scenario.ts';
import type { Files } from '../helpers/e2e-world.ts';
import type { Counter } from './counter.ts';

export const checks = [sumCheck];

/** The repository of one task; `.task` says to its commands whose they are. */
export const filesOf = (task: string): Files => ({ ...brokenSum, '.task': `${task}\n` });

/** What each command counts, in order, when each ran once. */
export const words = ['first', 'second', 'undone', 'third'] as const;

/**
 * What the model says in every task: commands that count themselves, a question to a person, one at which they go back to iteration 1, a mended
 * sum, a delivery. Every activity runs at least once.
 */
export function script(counter: Counter) {
  const run = (word: string) => ({ exec_command: `${counter.command(word)}; echo ${word} >> runs.log` });
  const held = (word: string) => ({
    exec_command: `${counter.command(word)}; ${heldOnce}; echo ${word} >> runs.log`,
  });
  const turns: readonly TurnInput[] = [
    { reply: [run('first'), run('second')] },
    { reply: [{ ask_human: 'Shall it add?' }, run('undone')] },
    { reply: [{ ask_human: 'Shall this stay?' }] },
    { reply: [{ apply_patch: mendSum }, run('third')] },
    { reply: [{ message: 'It adds now.' }] },
  ];
  const faulty = (...faults: NonNullable<TurnInput['faults']>) =>
    turns.map((turn): TurnInput => ({ ...turn, faults }));
  return {
    conversations: [
      conversation('chaos', turns),
      conversation('repairs', turns.toSpliced(-1, 0, { reply: [{ exec_command: repair }] })),
      conversation('held', turns.with(0, { reply: [held('first'), run('second')] })),
      conversation('held later', turns.with(3, { reply: [{ apply_patch: mendSum }, held('third')] })),
      conversation('garbage', faulty({ kind: 'garbage' }, { kind: 'completed_with', response: null })),
      conversation('cut', faulty({ kind: 'reset' }, { kind: 'end', afterEvents: 4 })),
      conversation(
        'takes its time',
        turns.with(0, { ...turns[0], reply: [run('first'), run('second')], delayMs: 1500 }),
      ),
    ],
  };
}

/** Says in its sandbox that it has begun, and waits there to be let go. */
const heldOnce = 'touch /tmp/begun; while [ ! -e /tmp/go ]; do sleep 0.05; done';

/** What a model does that reads that something was lost: it makes the end what it should be. */
const repair = [
  'printf "first\\nsecond\\nthird\\n" > runs.log',
  'echo "export const sum = (a, b) => a + b;" > sum.js',
].join('; ');

/** For faults that take a sandbox away: what ran in it is lost with it. */
export const repairing = 'Mend the sum (repairs).';
export const instruction = 'Mend the sum (chaos).';
export const instructionOf = (conversationName: string): string => `Mend the sum (${conversationName}).`;
/** Where the person goes back to instead of answering this question. */
export const goBack = { at: 'i3.', to: 1 } as const;
/** What the delivered branch holds, `.task` aside, whatever happened on the way. */
export const finalTree = Object.entries({
  ...brokenSum,
  'runs.log': 'first\nsecond\nthird\n',
  'sum.js': 'export const sum = (a, b) => a + b;\n',
})
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([file, text]) => `${file}: ${String(text).trim()}`)
  .join('\n');

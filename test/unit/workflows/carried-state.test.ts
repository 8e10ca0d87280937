import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../../contracts/change.ts';
import type { TaskId } from '../../../contracts/ids.ts';
import type { CodingTaskInput, TaskState } from '../../../contracts/task-state.ts';
import { changeProblem, makeChange, malformedChange } from '../../../workflows/change.ts';
import { initialState } from '../../../workflows/initial-state.ts';
import { payloadConverter } from '../../../workflows/payload-converter.ts';
import { noteMessage } from '../../../workflows/sender.ts';
import { steered } from '../../../workflows/steer-message.ts';
import type { Task } from '../../../workflows/task.ts';
import { applyChange } from '../../../workflows/task-state.ts';
import { fakeSpec } from '../../helpers/fake-facts.ts';
import { anyChange } from './arbitrary-changes.ts';

const start = initialState(fakeSpec('round-the-cents' as TaskId));

/** What the next run of the workflow is given of a state, through the bytes of the payload. */
function carried(state: TaskState): { readonly input: CodingTaskInput; readonly bytes: number } {
  const payload = payloadConverter.toPayload({ type: 'continue', state });
  return { input: payloadConverter.fromPayload(payload), bytes: payload.data?.byteLength ?? 0 };
}

function taskFrom(state: TaskState): Task {
  let now = state;
  return {
    get state() {
      return now;
    },
    apply(change) {
      now = applyChange(now, change);
    },
  };
}

test('continue-as-new carries every field as it was, and begins only the count of the run anew', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
      const before = changes.reduce(applyChange, start);
      const { input } = carried(applyChange(before, { type: 'continued_as_new' }));
      expect(input).toStrictEqual({ type: 'continue', state: { ...before, iterationsThisRun: 0 } });
    }),
    { numRuns: 300 },
  );
});

// What takes most bytes in JSON: three for one character, six for one that is written as an escape.
test.each([
  ['plain', 'x'],
  ['Chinese', '界'],
  ['control', '\u0001'],
  ['half a', '\ud800'],
])(
  'whatever people send, in %s characters, a state stays far below what the server takes',
  (_, character) => {
    const task = taskFrom(start);
    const name = character.repeat(500);
    for (let n = 0; n < 600; n++)
      noteMessage(task, { kind: 'pause', payload: { by: name }, via: 'signal' }, name, name.repeat(2));
    for (let n = 0; n < 600; n++) changeBy(task, name, n < 3 ? [character.repeat(2600)] : []);
    for (let n = 0; n < 600; n++) steered(task, { text: character.repeat(n < 24 ? 9000 : 10), by: name });
    const { input, bytes } = carried(task.state);
    expect(bytes).toBeLessThan(1_500_000);
    expect(input).toStrictEqual({ type: 'continue', state: task.state });
  },
);

function changeBy(task: Task, name: string, add: string[]): void {
  const change: Change = {
    budget: null,
    model: null,
    constraints: { add, replace: true },
    by: { name: name.slice(0, 200), proof: 'os_user' },
  };
  if (malformedChange(change) ?? changeProblem(task.state, change)) return;
  makeChange(task, change);
}

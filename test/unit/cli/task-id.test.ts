import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newTaskId } from '../../../cli/task-id.ts';
import { TaskIdSchema } from '../../../contracts/ids.ts';

const random = (count: number) => new Uint8Array(count).map((_, index) => index * 37);

describe("a task's id", () => {
  it.each([
    ['Fix the date bug in src/invoice.ts', 'fix-the-date-bug-in-src-invoice-afkpu'],
    ["Don't break Zürich's café", 'dont-break-zurichs-cafe-afkpu'],
    ['日付のバグを直す', 'task-afkpu'],
    [`${'x'.repeat(100)} y`, `${'x'.repeat(40)}-afkpu`],
    ['one two three four five six seven eight', 'one-two-three-four-five-six-seven-afkpu'],
  ])('says what %j asks for', (instruction, id) => {
    expect(newTaskId(instruction, random)).toBe(id);
  });

  it('is an id whatever the instruction is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.uint8Array({ minLength: 5, maxLength: 5 }),
        (instruction, bytes) => {
          expect(TaskIdSchema.safeParse(newTaskId(instruction, () => bytes)).success).toBe(true);
        },
      ),
    );
  });
});

import fc from 'fast-check';
import { command, person } from './command.ts';
import { said, withdraw } from './expected.ts';

interface Changes {
  readonly budget: { readonly maxUsd?: number | null; readonly maxIterations?: number } | null;
  readonly model: string | null;
  readonly constraints: { readonly add: readonly string[]; readonly replace: boolean } | null;
}

const changed = (changes: Changes) =>
  command(
    `change ${JSON.stringify(changes)}`,
    async (x, { task, lane }) => {
      await lane.stage.client.change(task.taskId, {
        ...changes,
        constraints: changes.constraints && { ...changes.constraints, add: [...changes.constraints.add] },
        by: person('ann'),
      });
      const { m } = x;
      const { budget, model, constraints } = changes;
      said(x, 'change', 'ann');
      m.budget = { ...m.budget, ...budget };
      m.step = { ...m.step, maxUsd: m.step.maxUsd ?? m.budget.maxUsd };
      m.wanted = model ?? m.wanted;
      if (constraints !== null) {
        m.constraints = constraints.add.length + (constraints.replace ? 0 : m.constraints);
        m.constraintChanges++;
      }
      withdraw(x, ({ id, subject }) => {
        if (subject === 'budget') return budget !== null;
        if (subject === 'delivery') return constraints !== null;
        return /fault-plan/.test(id) && (model !== null || budget !== null);
      });
    },
    ({ m }) => m.constraints < 20,
  );

export const anyChange = fc
  .oneof<fc.Arbitrary<Changes>[]>(
    fc.record({
      budget: fc.oneof(
        fc.record({ maxIterations: fc.integer({ min: 1, max: 6 }) }),
        fc.record({ maxUsd: fc.constantFrom(null, 0.5, 2) }),
      ),
      model: fc.constant(null),
      constraints: fc.constant(null),
    }),
    fc.record({
      budget: fc.constant(null),
      model: fc.constantFrom(null, 'gpt-other'),
      constraints: fc.record({ add: fc.constantFrom(['one'], ['one', 'two']), replace: fc.boolean() }),
    }),
    fc.record({
      budget: fc.constant(null),
      model: fc.constantFrom('gpt-other', 'gpt-third'),
      constraints: fc.constant(null),
    }),
  )
  .map(changed);

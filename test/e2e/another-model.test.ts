import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, mendSum, sumCheck } from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';

const scenario = {
  conversations: [
    conversation('another-model', [
      { reply: [{ reasoning: 'hm' }, { exec_command: 'echo looked >> looks.log' }, { ask_human: 'Add?' }] },
      {
        expect: { outputs: 2, contains: ['It shall add'] },
        reply: [{ reasoning: 'well' }, { apply_patch: mendSum }],
      },
      { expect: { outputs: 1, contains: ['passed'] }, reply: [{ message: 'It adds.' }] },
    ]),
  ],
};

let world: World;
beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

test('a task whose model is changed while it waits goes on with the other one, and every guarantee holds', async () => {
  const repository = world.repository('another-model', brokenSum);
  const story = await world.start({
    instruction: 'Mend it (another-model).',
    repository,
    checks: [sumCheck],
  });
  const { approval } = await story.until('approval.opened');
  // Other tools: `shell` for commands, patches as text.
  await world.client.change(story.taskId, {
    budget: null,
    model: 'codex-other',
    constraints: null,
    by: { name: 'tester', proof: 'os_user' },
  });
  await story.answer(approval, { reason: 'It shall add' });
  const end = await story.end();
  expect(end).toMatchObject({ status: 'delivered', reason: '' });
  const { ledger } = await expectInvariants(world, story.taskId);
  expect(ledger.map(({ record }) => record.plan.model)).toEqual(['scripted', 'codex-other', 'codex-other']);
  expect(ledger.map(({ record }) => record.plan.prefixChangedAt)).toEqual([null, 3, null]);
  const kinds = world.model.requests.map((request) => request.kind);
  expect(kinds).toEqual(['turn', 'turn', 'turn']);
  expect(deliveredBranch(repository, end.branch ?? '').read('looks.log')).toBe('looked');
  expect(world.model.problems()).toEqual([]);
});

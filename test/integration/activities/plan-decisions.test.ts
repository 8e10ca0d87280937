import { expect, test } from 'vitest';
import { createAuthorize } from '../../../activities/authorize.ts';
import type { ArtifactStore } from '../../../contracts/artifact-store.ts';
import type { StandingRule } from '../../../contracts/decision.ts';
import { makePlanPlay, type PlanPlay } from '../../helpers/plan-play.ts';

const turns = [{ reply: [{ exec_command: 'ls' }, { call: { name: 'fly', arguments: '{}' } }] }];

async function decisions(
  play: PlanPlay,
  standing: readonly StandingRule[] | null,
  artifacts?: ArtifactStore,
) {
  const ports = artifacts === undefined ? play.task.ports : { ...play.task.ports, artifacts };
  const planned = await play.plan(play.input({ standing }), ports);
  if (planned.status !== 'planned') throw new Error(planned.status);
  return planned.decisions?.map(({ actionId, decision }) => [actionId, decision.outcome]) ?? null;
}

test('a plan says what policy says of each of its actions', async () => {
  const play = await makePlanPlay({ turns });
  expect(await decisions(play, [])).toEqual([
    ['i1.a1', 'allow'],
    ['i1.a2', 'deny'],
  ]);
});

test('a plan that is not told the standing rules decides nothing', async () => {
  expect(await decisions(await makePlanPlay({ turns }), null)).toBeNull();
});

test('a fault of policy gives no decision, and the answer is paid once', async () => {
  const play = await makePlanPlay({ turns });
  const { artifacts } = play.task.ports;
  const answered = new Set<string>();
  const forgetful: ArtifactStore = {
    ...artifacts,
    async put(bytes) {
      const digest = await artifacts.put(bytes);
      answered.add(digest);
      return digest;
    },
    get: (digest) =>
      answered.has(digest) ? Promise.reject(new Error('the disk is gone')) : artifacts.get(digest),
  };
  expect(await decisions(play, [], forgetful)).toBeNull();
  expect(play.requests()).toHaveLength(1);
});

test.each(['default', 'careful', 'strict', 'sandboxed'])(
  'what %s says with a plan is what it says of the stored actions, standing rules included',
  async (name) => {
    const reply = [
      { exec_command: 'ls' },
      { exec_command: 'npm install left-pad' },
      { apply_patch: '*** Begin Patch\n*** Add File: .git/hooks/post-commit\n+id\n*** End Patch' },
      { call: { name: 'fly', arguments: '{}' } },
    ];
    const spec = { policy: { name, digest: null } };
    const play = await makePlanPlay({ turns: [{ reply }] }, { spec });
    const standing = [{ kind: 'shell' as const, prefix: ['npm', 'install'] }];
    const planned = await play.plan(play.input({ standing }));
    if (planned.status !== 'planned') throw new Error(planned.status);
    const { actions } = planned;
    const { ports, specDigest, spec: made } = play.task;
    const asked = await createAuthorize(ports)({ taskId: made.taskId, specDigest, actions, standing });
    const outcomes = asked.decisions.map(({ decision }) => decision.outcome);
    expect(outcomes).toContain('deny');
    // A question is for the stage of its own.
    expect(planned.decisions).toEqual(outcomes.includes('ask') ? null : asked.decisions);
  },
);

test('a plan with a question for a person leaves its decisions to the stage of its own', async () => {
  const asking = await makePlanPlay({
    turns: [{ reply: [{ exec_command: 'ls' }, { ask_human: 'which?' }] }],
  });
  expect(await decisions(asking, [])).toBeNull();
});

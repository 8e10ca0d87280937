import type { Level } from '../level.ts';
import type { Moment, Stage } from './moment.ts';

/** The call by which each activity of the script has its effect: the inside of it. */
const effects: Readonly<Record<Exclude<Stage, 'loadEdited' | 'keepConstraints' | 'notify'>, string>> = {
  fetchRepository: 'forge.fetch',
  perceive: 'sandbox.exec',
  plan: 'model.respond',
  authorize: 'artifacts.get',
  openApproval: 'artifacts.put',
  execute: 'sandbox.exec',
  evaluate: 'sandbox.exec',
  record: 'artifacts.put',
  rollBack: 'sandbox.restore',
  verifyDelivery: 'sandbox.exec',
  proposeDelivery: 'artifacts.put',
  deliver: 'forge.publish',
  releaseSandboxes: 'sandbox.release',
};

const places = ['before', 'got', 'after'] as const;

/** Before, inside and after every activity of the script; in CI each activity has one of the three. */
export const everyMoment: readonly { readonly moment: Moment; readonly from: Level }[] = Object.entries(
  effects,
).flatMap(([stage, effect], index) =>
  places.map((at, place) => ({
    moment: { stage: stage as Stage, at, call: at === 'got' ? effect : null, iteration: null },
    from: place === index % places.length || stage === 'deliver' ? ('brief' as const) : ('usual' as const),
  })),
);

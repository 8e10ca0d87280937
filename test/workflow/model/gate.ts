import { Context } from '@temporalio/activity';
import { withPulse } from '../../../activities/pulse.ts';
import type { LocalActivities, TaskActivities } from '../../../contracts/activities.ts';
import type { Stage } from '../../helpers/fake-activities.ts';

type Activities = TaskActivities & LocalActivities;

interface Attempt {
  readonly stage: Stage;
  readonly input: unknown;
  release(fault: Error | null): void;
}

/** Every stage of every task stands still before it does anything, until it is let go on. */
export interface Gate {
  gated(activities: Activities): Activities;
  /** The stage that stands still now, with its input. */
  standing(taskId: string): Pick<Attempt, 'stage' | 'input'> | undefined;
  /** Lets it go on; with a fault this try of it fails. */
  release(taskId: string, fault: Error | null): void;
  /** Every try of every stage that came, oldest first. */
  calls(taskId: string): readonly Pick<Attempt, 'stage' | 'input'>[];
}

export function createGate(): Gate {
  const attempts = new Map<string, Attempt[]>();
  const came = new Map<string, Pick<Attempt, 'stage' | 'input'>[]>();
  const without = (taskId: string, gone: Attempt) =>
    (attempts.get(taskId) ?? []).filter((attempt) => attempt !== gone);
  const stand = async (stage: Stage, taskId: string, input: unknown): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const release = (fault: Error | null) => (fault === null ? resolve() : reject(fault));
    const attempt: Attempt = { stage, input, release };
    attempts.set(taskId, [...(attempts.get(taskId) ?? []), attempt]);
    came.set(taskId, [...(came.get(taskId) ?? []), { stage, input }]);
    const { cancelled } = Context.current();
    await withPulse(stage, () => Promise.race([promise, cancelled])).finally(() =>
      attempts.set(taskId, without(taskId, attempt)),
    );
  };
  const gate =
    <I, O>(stage: Stage, taskOf: (input: I) => string, run: (input: I) => Promise<O>) =>
    async (input: I): Promise<O> => {
      await stand(stage, taskOf(input), input);
      return run(input);
    };
  const own = ({ taskId }: { readonly taskId: string }) => taskId;
  return {
    gated: (a) => ({
      ...a,
      fetchRepository: gate('fetchRepository', ({ spec }) => spec.taskId, a.fetchRepository),
      perceive: gate('perceive', own, a.perceive),
      plan: gate('plan', own, a.plan),
      execute: gate('execute', own, a.execute),
      evaluate: gate('evaluate', own, a.evaluate),
      verifyDelivery: gate('verifyDelivery', own, a.verifyDelivery),
      deliver: gate('deliver', own, a.deliver),
      rollBack: gate('rollBack', own, a.rollBack),
    }),
    standing: (taskId) => attempts.get(taskId)?.at(-1),
    release(taskId, fault) {
      const standing = attempts.get(taskId) ?? [];
      attempts.set(taskId, []);
      for (const attempt of standing) attempt.release(fault);
    },
    calls: (taskId) => came.get(taskId) ?? [],
  };
}

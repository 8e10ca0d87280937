import {
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { LocalActivities, TaskActivities } from '../contracts/activities.ts';

/** How long a dead worker goes unnoticed. */
const heartbeatTimeout = '3s';

/**
 * Faults that pass are waited out by the server's durable timer, for as long as they last: a machine that is off over a week-end ends
 * nothing. How often a code is worth trying, and after how long, is the worker's to know: these are the times after a worker that died.
 */
const retry = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '60s' } as const;

const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

/**
 * Like `proxyActivities`, and each activity is told whose turn it is. It would inherit that from the workflow, but one that the server
 * hands back with the answer to a workflow task is not told what it inherits.
 */
function prioritizedActivities<Activities extends object>(options: ActivityOptions): Activities {
  const get = (_: object, name: string) => (input: unknown) => {
    const { priority = {} } = workflowInfo();
    return proxyActivities<AnyActivities>({ ...options, priority })[name]?.(input);
  };
  return new Proxy({}, { get }) as Activities;
}
type AnyActivities = Readonly<Record<string, (input: unknown) => Promise<unknown>>>;

// One try is longer than all that it may wait for inside: two model calls of an hour; twelve actions of two hours; a push of an hour.
export const { plan } = prioritizedActivities<Pick<TaskActivities, 'plan'>>({
  startToCloseTimeout: '3h',
  heartbeatTimeout,
  retry,
  cancellationType,
});

export const { fetchRepository, perceive, execute, evaluate, verifyDelivery, rollBack } =
  prioritizedActivities<
    Pick<
      TaskActivities,
      'fetchRepository' | 'perceive' | 'execute' | 'evaluate' | 'verifyDelivery' | 'rollBack'
    >
  >({
    startToCloseTimeout: '2d',
    heartbeatTimeout,
    retry,
    cancellationType,
  });

export const { deliver, releaseSandboxes } = prioritizedActivities<
  Pick<TaskActivities, 'deliver' | 'releaseSandboxes'>
>({
  startToCloseTimeout: '3h',
  heartbeatTimeout,
  retry,
  cancellationType,
});

/**
 * Pure or nearly so, and quick: they run inside the workflow task. From the second retry on they wait outside of it, by a durable timer: a
 * workflow task that is held adds to the history every few seconds, and no other limit of time counts between the tries in it.
 */
const local = { startToCloseTimeout: '20s', localRetryThreshold: '1s', retry } as const;

export const { authorize, openApproval, loadEdited, record, proposeDelivery, keepConstraints } =
  proxyLocalActivities<LocalActivities>({ ...local, scheduleToCloseTimeout: '1m' });

/** Of an iteration that the task's end cut short: that end waits for it. */
export const { record: recordAtEnd } = proxyLocalActivities<LocalActivities>({
  ...local,
  scheduleToCloseTimeout: '15s',
});

/** A receiver that is away for some minutes is told when it is back; between the tries nothing is held. */
export const { notify } = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '5s',
  localRetryThreshold: '1s',
  retry: { initialInterval: '10s', backoffCoefficient: 6, maximumInterval: '5m', maximumAttempts: 4 },
});

/** The end of a task waits for it. */
export const { notify: notifyOfEnd } = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '1s', maximumAttempts: 2 },
});

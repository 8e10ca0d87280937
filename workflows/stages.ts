import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { LocalActivities, TaskActivities } from '../contracts/activities.ts';

/** How long a dead worker goes unnoticed. */
const heartbeatTimeout = '4s';

/** Faults that pass are waited out by the server's durable timer; what lasts longer than `scheduleToCloseTimeout` is put to a person. */
const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s' } as const;

const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

export const { plan } = proxyActivities<Pick<TaskActivities, 'plan'>>({
  startToCloseTimeout: '30m',
  scheduleToCloseTimeout: '30d',
  heartbeatTimeout,
  retry,
  cancellationType,
});

export const { fetchRepository, perceive, execute, evaluate, verifyDelivery, rollBack } = proxyActivities<
  Pick<
    TaskActivities,
    'fetchRepository' | 'perceive' | 'execute' | 'evaluate' | 'verifyDelivery' | 'rollBack'
  >
>({
  startToCloseTimeout: '12h',
  scheduleToCloseTimeout: '2d',
  heartbeatTimeout,
  retry,
  cancellationType,
});

export const { deliver, releaseSandboxes } = proxyActivities<
  Pick<TaskActivities, 'deliver' | 'releaseSandboxes'>
>({
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '1d',
  heartbeatTimeout,
  retry,
  cancellationType,
});

/** Pure or nearly so, and quick: they run inside the workflow task. */
export const { authorize, openApproval, record, proposeDelivery } = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '1h',
  retry,
});

/** A person may name an artifact that nobody stored: no reason to wait for it. */
export const { loadEdited } = proxyLocalActivities<LocalActivities>({
  startToCloseTimeout: '20s',
  retry: { ...retry, maximumAttempts: 3 },
});

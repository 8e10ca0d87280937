/** Names on the wire. Renaming one breaks running tasks and people's scripts. */
/** Begins the name of each home's task queue; `workers/` makes the whole name. */
export const taskQueuePrefix = 'longhaul';
export const workflowType = 'codingTask';

export const messageName = {
  decide: 'decide',
  decision: 'decision',
  steer: 'steer',
  pause: 'pause',
  resume: 'resume',
  cancel: 'cancel',
  rollback: 'rollback',
  change: 'change',
  status: 'status',
  overtaken: 'overtaken',
} as const;

/** Search attributes that lists read. The embedded server is started with them; another server needs them created once. */
export const searchAttribute = {
  status: 'LonghaulStatus',
  repository: 'LonghaulRepository',
  approval: 'LonghaulApproval',
} as const;

/** Keys of the workflow's memo. */
export const memoKey = {
  instruction: 'instruction',
  requestedBy: 'requestedBy',
  waiting: 'waiting',
} as const;

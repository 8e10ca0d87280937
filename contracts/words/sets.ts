/** Closed sets, which schemas take as they are and workflow code needs as values. No zod here: it would enter the workflow bundle. */

export const taskStatus = {
  preparing: 'preparing',
  running: 'running',
  waiting: 'waiting',
  paused: 'paused',
  delivered: 'delivered',
  stopped: 'stopped',
  cancelled: 'cancelled',
  failed: 'failed',
} as const;
export type TaskStatus = (typeof taskStatus)[keyof typeof taskStatus];

/** The statuses in which a task has ended. */
export const endedStatuses = [
  'delivered',
  'stopped',
  'cancelled',
  'failed',
] as const satisfies readonly TaskStatus[];

export const actionKind = {
  shell: 'shell',
  applyPatch: 'apply_patch',
  updatePlan: 'update_plan',
  askHuman: 'ask_human',
  deliver: 'deliver',
  /** What the model sent could not be understood; the reason goes back to it as text. */
  invalid: 'invalid',
} as const;

export const decisionOutcome = { allow: 'allow', ask: 'ask', deny: 'deny' } as const;

export const approvalOutcome = {
  granted: 'granted',
  rejected: 'rejected',
  edited: 'edited',
  expired: 'expired',
  /** What was asked about has changed. */
  withdrawn: 'withdrawn',
} as const;

export const approvalSubject = {
  action: 'action',
  budget: 'budget',
  delivery: 'delivery',
  question: 'question',
  fault: 'fault',
} as const;
export type ApprovalSubject = (typeof approvalSubject)[keyof typeof approvalSubject];

export const observationStatus = {
  ok: 'ok',
  failed: 'failed',
  denied: 'denied',
  timedOut: 'timed_out',
  cancelled: 'cancelled',
  lost: 'lost',
} as const;

export const checkStatus = {
  passed: 'passed',
  failed: 'failed',
  timedOut: 'timed_out',
  lost: 'lost',
  /** Not run at this depth. */
  skipped: 'skipped',
} as const;

/** What comes after an iteration. */
export const next = {
  continue: 'continue',
  replan: 'replan',
  rollback: 'rollback',
  ask: 'ask',
  deliver: 'deliver',
  stop: 'stop',
} as const;
export type Next = (typeof next)[keyof typeof next];

export const effort = { low: 'low', medium: 'medium', high: 'high' } as const;
export type Effort = (typeof effort)[keyof typeof effort];

/** How many checks an iteration runs: those that failed or are affected, or all. */
export const checkDepth = { none: 'none', affected: 'affected', all: 'all' } as const;
export type CheckDepth = (typeof checkDepth)[keyof typeof checkDepth];

/** How it is known who decided. A plain signal proves nobody. */
export const identityProof = {
  osUser: 'os_user',
  signal: 'signal',
  timer: 'timer',
  policy: 'policy',
} as const;

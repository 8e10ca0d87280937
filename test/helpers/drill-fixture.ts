import type { DrillRun, Moment } from '../../contracts/drill.ts';
import type { ActionId, ApprovalId, Digest, TreeId } from '../../contracts/ids.ts';
import type { IterationRecord } from '../../contracts/record.ts';
import type { RunEvidence } from '../../drill/judge-run.ts';
import { plannedOf, someRecord } from './iteration-record.ts';

const someDigest = `sha256:${'1'.repeat(64)}` as Digest;
export const tree = 'f'.repeat(40) as TreeId;
export const otherTree = 'e'.repeat(40) as TreeId;

/** The moments of a story of two iterations. */
export const moments: readonly Moment[] = [
  { at: 'step', stepId: 'baseline-0' },
  { at: 'model', iteration: 1 },
  { at: 'step', stepId: 'i1.a1' },
  { at: 'approval', approvalId: 'i2.deliver' },
  { at: 'model', iteration: 2 },
  { at: 'step', stepId: 'i2.a1.write' },
  { at: 'delivery' },
];

type RecordedAction = IterationRecord['actions'][number];

export function actionOf(
  id: string,
  kind: RecordedAction['kind'],
  status: RecordedAction['observation']['status'],
): RecordedAction {
  const actionId = id as ActionId;
  return {
    id: actionId,
    kind,
    digest: someDigest,
    summary: id,
    decision: {
      outcome: 'allow',
      ruleId: 'test/all',
      policyDigest: someDigest,
      reason: '',
      standingRule: null,
    },
    approvalId: null,
    observation: {
      actionId,
      status,
      exitCode: 0,
      outputDigest: null,
      outputBytes: 0,
      note: '',
      durationMs: 1,
    },
  };
}

export function recordWith(iteration: number, more: Partial<IterationRecord>): IterationRecord {
  return { ...someRecord(), iteration, plan: plannedOf(iteration).record, ...more };
}

export const grantedDelivery: IterationRecord['approvals'][number] = {
  approvalId: 'i2.deliver' as ApprovalId,
  subject: 'delivery',
  actionId: 'i2.deliver' as ActionId,
  digest: someDigest,
  outcome: 'granted',
  scope: 'once',
  editedDigest: null,
  reason: '',
  by: { name: 'ann', proof: 'os_user' },
  openedAtMs: 1,
  decidedAtMs: 2,
};

/** A run of two iterations in which everything held. */
export const soundEvidence: RunEvidence = {
  number: 1,
  faults: [
    {
      kind: 'worker_killed',
      moment: { at: 'step', stepId: 'i1.a1' },
      target: 'worker, process 4711',
      recoveredMs: 4200,
      letGo: false,
    },
  ],
  notStruck: [],
  status: 'delivered',
  reason: '',
  tree,
  durationMs: 30_000,
  begun: [
    'setup.0',
    'baseline-0',
    'i1.a1',
    'i1.check-0',
    'i2.a1.read',
    'i2.a1.write',
    'i2.check-0',
    'verify-0',
  ],
  ledger: [
    recordWith(1, { actions: [actionOf('i1.a1', 'shell', 'ok')] }),
    recordWith(2, { actions: [actionOf('i2.a1', 'apply_patch', 'ok')], approvals: [grantedDelivery] }),
  ],
  opened: ['i2.deliver'],
  accepted: [{ approvalId: 'i2.deliver', digest: someDigest, outcome: 'granted' }],
  unexpected: [],
  unanswered: [],
  turns: [1, 2],
  refused: [],
  recordedIterations: 2,
  left: [],
};

export const soundRun: DrillRun = {
  number: 1,
  faults: soundEvidence.faults,
  notStruck: [],
  status: 'delivered',
  reason: '',
  tree,
  iterations: 2,
  durationMs: 30_000,
  commands: 2,
  twice: [],
  uncounted: [],
  approvals: 1,
  approvalsLost: [],
  modelCalls: 2,
  modelCallsAgain: 0,
  left: [],
  problems: [],
};

export const calmRun: DrillRun = { ...soundRun, number: 0, faults: [] };

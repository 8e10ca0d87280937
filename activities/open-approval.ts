import type { LocalActivities } from '../contracts/activities.ts';
import { type ApprovalCard, ApprovalCardSchema } from '../contracts/approval.ts';
import { putJson } from './artifact-json.ts';
import { cutText } from './cut-text.ts';
import { loadAction, loadSpec } from './load.ts';
import type { Ports } from './ports.ts';
import { taskPolicy } from './task-policy.ts';

const hourMs = 3_600_000;

/** Stores the card that a person is shown; an answer counts only with the card's digest. Twice gives the same card. */
export function createOpenApproval({ artifacts }: Pick<Ports, 'artifacts'>): LocalActivities['openApproval'] {
  return async (input) => {
    const spec = await loadSpec(artifacts, input.specDigest);
    const { policy } = await taskPolicy(artifacts, spec.policy);
    const { timeoutHours, acceptSignals } = policy.approvals;
    const expiresAtMs =
      input.nowMs + (timeoutHours === null ? spec.approvalTimeoutMs : Math.round(timeoutHours * hourMs));
    const { action, decision } = input;
    const card: ApprovalCard = ApprovalCardSchema.parse({
      approvalId: input.approvalId,
      taskId: input.taskId,
      iteration: Math.max(1, input.iteration),
      subject: input.subject,
      title: cutText(input.title.toWellFormed(), 300),
      details: [...input.details],
      action: action && {
        id: action.id,
        digest: action.digest,
        body: await loadAction(artifacts, action.digest),
      },
      decision,
      treeBefore: input.treeBefore,
      requestedBy: spec.requestedBy,
      expiresAtMs,
    });
    return {
      approvalId: input.approvalId,
      subject: input.subject,
      actionId: action?.id ?? null,
      digest: await putJson(artifacts, card),
      title: card.title,
      openedAtMs: input.nowMs,
      expiresAtMs,
      acceptsSignals: acceptSignals,
      standingRule: decision?.standingRule ?? null,
    };
  };
}

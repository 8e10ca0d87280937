import type { DeliverInput, TaskActivities } from '../contracts/activities.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { branchOf } from './branch.ts';
import { cutText } from './cut-text.ts';
import { loadSpec } from './load.ts';
import type { Ports } from './ports.ts';
import { withPulse } from './pulse.ts';

/** Makes one commit on the base out of the last checkpoint and publishes it as a branch. Exactly one branch, also when it runs twice. */
export function createDeliver(ports: Ports): TaskActivities['deliver'] {
  return (input) =>
    withPulse('publishing the branch', async () => {
      const spec = await loadSpec(ports.artifacts, input.specDigest);
      const { taskId, workspace, baseBranch, timestampMs } = input;
      const commit = await ports.repositories.commitDelivery({
        taskId,
        base: workspace.baseCommit,
        checkpoint: workspace.commit,
        message: deliveryMessage(spec, input),
        timestampMs,
      });
      return ports.forge.publish({
        taskId,
        repository: spec.repository,
        branch: branchOf(taskId),
        commit,
        baseCommit: workspace.baseCommit,
        baseBranch,
      });
    });
}

const subjectCharacters = 72;

/** What, why and the evidence, then the trailers of the Linux kernel's documentation for tools (`Assisted-by: AGENT:MODEL`). */
export function deliveryMessage(
  spec: TaskSpec,
  input: Pick<DeliverInput, 'checks' | 'approval' | 'iteration' | 'model'>,
): string {
  const instruction = plainText(spec.instruction);
  const [first = ''] = instruction.split('\n');
  const subject = cutText(first.trimEnd(), subjectCharacters);
  const rest = instruction === subject ? [] : [instruction, ''];
  const evidence = input.checks.map((check) => `- ${oneLine(check.name)}: ${check.status}`);
  return [
    subject,
    '',
    ...rest,
    evidence.length === 0
      ? 'No check is known for this repository.'
      : `Checked in a fresh sandbox after iteration ${input.iteration}:`,
    ...evidence,
    ...(input.approval === null
      ? []
      : ['', `Delivery approved by ${oneLine(input.approval.by.name)} (${input.approval.approvalId}).`]),
    '',
    `Assisted-by: Longhaul:${oneLine(input.model)}`,
    `Longhaul-Task: ${spec.taskId}`,
    '',
  ].join('\n');
}

/** Git refuses a NUL, and terminals obey the other controls. */
function plainText(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/(?![\n\t])\p{Cc}/gu, ' ')
    .trim();
}

/** What comes from outside must not begin a line of its own: it could pass for a trailer. */
function oneLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, ' ');
}

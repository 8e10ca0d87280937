import { Context } from '@temporalio/activity';
import { messageName } from '../contracts/words/messages.ts';

const answerLimitMs = 2000;

/**
 * Asks the task whose activity calls whether people have asked for something since that leaves its further actions without use. A task that
 * does not answer has heard nothing either: what it was allowed to do goes on.
 */
export async function overtaken(): Promise<string | null> {
  const { client, info, log } = Context.current();
  if (info.workflowExecution === undefined) return null;
  const { workflowId, runId } = info.workflowExecution;
  try {
    return await client.withDeadline(Date.now() + answerLimitMs, () =>
      client.workflow.getHandle(workflowId, runId).query<string | null>(messageName.overtaken),
    );
  } catch (error) {
    log.warn('could not ask the task whether its further actions are still wanted', { error });
    return null;
  }
}

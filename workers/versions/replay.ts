import type { History } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';

export interface HistoryToReplay {
  readonly taskId: string;
  readonly history: History;
}

export interface Replayed {
  readonly taskId: string;
  /** Why this code cannot go on from that history; null when it can. */
  readonly problem: string | null;
}

/** Runs a bundle's workflow code over histories and tells of each in their order: no model, no execution, no server. */
export async function* replayHistories(
  codePath: string,
  histories: AsyncIterable<HistoryToReplay> | Iterable<HistoryToReplay>,
): AsyncIterable<Replayed> {
  const named = async function* () {
    for await (const { taskId, history } of histories) yield { workflowId: taskId, history };
  };
  const options = { workflowBundle: { codePath } };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, named())) {
    yield { taskId: workflowId, problem: error === undefined ? null : reasonOf(error) };
  }
}

/** What differs, without the SDK's explanation of what a replay is. */
function reasonOf({ message, name }: Error): string {
  const [line = name] = message.split('\n');
  return line.replace(/^.*? Details: /, '').slice(0, 300);
}

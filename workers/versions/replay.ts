import type { History } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';

export interface HistoryToReplay {
  readonly taskId: string;
  readonly history: History;
}

export interface Replayed {
  readonly taskId: string;
  readonly runId: string;
  /** Why this code cannot go on from that history; null when it can. */
  readonly problem: string | null;
}

/** Runs a bundle's workflow code over histories, in the order given: no model, no execution, no server. */
export async function* replayHistories(
  codePath: string,
  histories: AsyncIterable<HistoryToReplay> | Iterable<HistoryToReplay>,
): AsyncIterable<Replayed> {
  const named = async function* () {
    for await (const { taskId, history } of histories) yield { workflowId: taskId, history };
  };
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(
    { workflowBundle: { codePath } },
    named(),
  )) {
    yield { taskId: workflowId, runId, problem: error === undefined ? null : reasonOf(error) };
  }
}

/** The first line says what differs; the rest is of the SDK. */
function reasonOf(error: Error): string {
  return error.message.split('\n')[0]?.slice(0, 300) ?? error.name;
}

import type { CheckResult } from '../../contracts/evaluation.ts';
import type { Digest } from '../../contracts/ids.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { applyEvent, emptyView, type TaskView } from './task-view.ts';

/** Something that a command or a check printed; its bytes are the artifact `digest`. */
export interface Output {
  readonly iteration: number;
  /** Null for a check. */
  readonly actionId: string | null;
  readonly title: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly digest: Digest | null;
}

/** Every output that a task has kept, in the order in which it came. Pure. */
export function outputsOf(events: readonly TaskEvent[]): readonly Output[] {
  let view: TaskView = emptyView;
  return events.flatMap((event) => {
    view = applyEvent(view, event);
    return outputsIn(view, event);
  });
}

function outputsIn(view: TaskView, event: TaskEvent): readonly Output[] {
  if (event.type === 'context.perceived')
    return event.checks.flatMap(({ baseline }) => checkOutput(0, baseline));
  if (event.type === 'iteration.evaluated')
    return event.evaluation.checks.flatMap((check) => checkOutput(view.iteration, check));
  if (event.type === 'delivery.verified')
    return event.checks.flatMap((check) => checkOutput(view.iteration, check));
  if (event.type !== 'actions.observed') return [];
  return event.observations
    .filter(({ outputDigest }) => outputDigest !== null)
    .map((observation) => ({
      iteration: view.iteration,
      actionId: observation.actionId,
      title: view.actions.find(({ id }) => id === observation.actionId)?.summary ?? '',
      status: observation.status,
      exitCode: observation.exitCode,
      digest: observation.outputDigest,
    }));
}

/** What an earlier iteration printed on the same tree is not repeated. */
function checkOutput(iteration: number, check: CheckResult): readonly Output[] {
  if (check.outputDigest === null || check.cached || check.status === 'skipped') return [];
  const { name, status, exitCode, outputDigest } = check;
  return [{ iteration, actionId: null, title: name, status, exitCode, digest: outputDigest }];
}

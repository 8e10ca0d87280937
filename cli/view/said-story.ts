import type { TaskEvent } from '../../contracts/task-event.ts';
import { type Line, line, lineAt, tone } from '../terminal/line.ts';
import { formatUsd } from './format.ts';

type EventOf<T extends TaskEvent['type']> = Extract<TaskEvent, { readonly type: T }>;
type Told = EventOf<'task.cancel_requested' | 'task.rollback_requested' | 'task.changed' | 'message.refused'>;

/** What a person asked of the task; what comes of it is told when it happens. */
export function saidLines(event: Told): readonly Line[] {
  switch (event.type) {
    case 'task.cancel_requested':
      return [line(tone('accent', cancelText(event)))];
    case 'task.rollback_requested':
      return [
        line(tone('accent', `${event.by} asks to go back to the end of iteration ${event.toIteration}`)),
      ];
    case 'task.changed':
      return [
        line(tone('accent', `${event.by} changes: `), partsOf(event).join(', ')),
        ...constraintLines(event),
      ];
    case 'message.refused':
      return [line(tone('warn', '! '), `the ${event.what} of ${event.by} was refused: ${event.reason}`)];
    default:
      return event satisfies never;
  }
}

function cancelText({ by, mode }: EventOf<'task.cancel_requested'>): string {
  return mode === 'now' ? `Cancelled by ${by}` : `Cancelled by ${by}; what runs is finished first`;
}

/** What was changed, each part in some words. */
export function partsOf({
  budget,
  model,
  constraints,
}: Pick<EventOf<'task.changed'>, 'budget' | 'model' | 'constraints'>): readonly string[] {
  const money = budget?.maxUsd === null ? 'no limit in USD' : formatUsd(budget?.maxUsd ?? 0);
  const verb = constraints?.replace === true ? 'all constraints replaced by' : 'constraints added:';
  return [
    ...(budget?.maxUsd === undefined ? [] : [`budget ${money}`]),
    ...(budget?.maxIterations === undefined ? [] : [`at most ${budget.maxIterations} iterations`]),
    ...(model === null ? [] : [`model ${model}`]),
    ...(constraints === null ? [] : [`${verb} ${constraints.add.length}`]),
  ];
}

function constraintLines({ constraints }: EventOf<'task.changed'>): readonly Line[] {
  return (constraints?.add ?? []).map((text) => lineAt(2, `- ${text}`));
}

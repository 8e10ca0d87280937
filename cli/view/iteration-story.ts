import type { Action } from '../../contracts/action.ts';
import type { Decision } from '../../contracts/decision.ts';
import type { Evaluation } from '../../contracts/evaluation.ts';
import type { Observation } from '../../contracts/observation.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import { splitLines } from '../terminal/escape.ts';
import { blankLine, type Line, line, lineAt, type Span, tone } from '../terminal/line.ts';
import { shortened } from '../terminal/table.ts';
import { checkLines } from './check-lines.ts';
import { counted, formatBytes, formatDuration } from './format.ts';
import { newSteps, planLines } from './plan-lines.ts';
import type { TaskView } from './task-view.ts';
import { usageSpan } from './usage-line.ts';

type EventOf<T extends TaskEvent['type']> = Extract<TaskEvent, { readonly type: T }>;

const maxNoteColumns = 300;

const kindNames = {
  shell: 'run',
  apply_patch: 'patch',
  update_plan: 'plan',
  ask_human: 'ask',
  deliver: 'deliver',
  invalid: 'invalid',
} as const satisfies Record<Action['kind'], string>;

/** The model's answer: what it says, what is new in its plan, what it cost. */
export function plannedLines(before: TaskView, event: EventOf<'iteration.planned'>): readonly Line[] {
  const { plan } = event;
  const usage = usageSpan({ ...plan.usage, costUsd: plan.costUsd });
  const steps = event.steps ?? [];
  const fresh = before.steps.length === 0 ? steps : newSteps(before.steps, steps);
  return [
    blankLine,
    line(tone('strong', `Iteration ${event.iteration}`), '  ', usage),
    ...splitLines(event.message).map((text) => lineAt(2, text)),
    ...(event.done ? [lineAt(2, 'The model says that it is done; the checks decide.')] : []),
    ...(plan.droppedDigest === null
      ? []
      : [
          lineAt(
            2,
            tone('warn', '! '),
            'the transcript was compacted, or rewritten for another model; what was dropped is kept as an artifact',
          ),
        ]),
    ...planLines(2, fresh),
  ];
}

/** An action and what policy says of it. */
export function decidedLines(view: TaskView, actionId: string, decision: Decision): readonly Line[] {
  const what = whatSpans(view, actionId);
  if (decision.outcome === 'allow') {
    return [lineAt(2, ...what, tone('dim', `  allowed by ${decision.ruleId}`))];
  }
  const said =
    decision.outcome === 'ask'
      ? tone('warn', `? asks, by ${decision.ruleId}: ${decision.reason}`)
      : tone('bad', `✗ denied by ${decision.ruleId}: ${decision.reason}`);
  return [lineAt(2, ...what), lineAt(4, said)];
}

/** A delivery is no action of the model's plan: the platform proposes it. */
function whatSpans(view: TaskView, actionId: string): readonly (string | Span)[] {
  const action = view.actions.find(({ id }) => id === actionId);
  if (action !== undefined) return [tone('dim', `${kindNames[action.kind].padEnd(5)} `), action.summary];
  return actionId.endsWith('.deliver') ? [tone('dim', 'deliver '), `longhaul/${view.taskId}`] : [actionId];
}

/** What the actions gave, and what changed in the workspace. */
export function observedLines(view: TaskView, event: EventOf<'actions.observed'>): readonly Line[] {
  const { filesChanged, linesChanged, leftOut } = event.checkpoint;
  const changed =
    filesChanged === 0
      ? []
      : [
          lineAt(
            2,
            tone('dim', `${counted(filesChanged, 'file')}, ${counted(linesChanged, 'line')} changed`),
          ),
        ];
  return [
    ...event.observations
      .filter(({ actionId, status }) => status !== 'denied' || !view.refused.includes(actionId))
      .map((observation) => observationLine(view, observation)),
    ...changed,
    ...leftOut.map(({ path, reason }) =>
      lineAt(2, tone('warn', '! '), `left out of the checkpoint: ${path} (${reason})`),
    ),
    ...(event.sandboxLost
      ? [lineAt(2, tone('warn', '! '), 'the sandbox was lost; the task goes on from its last checkpoint')]
      : []),
  ];
}

/** The checks against what they were before the task, and what comes next. */
export function evaluatedLines(view: TaskView, evaluation: Evaluation): readonly Line[] {
  return [
    ...checkLines(2, view, evaluation.checks),
    ...evaluation.concerns.map(({ kind, path, detail }) =>
      lineAt(2, tone('warn', `! ${kind.replaceAll('_', ' ')}: `), `${path}: ${detail}`),
    ),
    lineAt(
      2,
      tone('strong', `→ ${evaluation.next}`),
      ...(evaluation.reason === '' ? [] : [`: ${evaluation.reason}`]),
    ),
  ];
}

function observationLine(view: TaskView, observation: Observation): Line {
  const action = view.actions.find(({ id }) => id === observation.actionId);
  const facts = [
    ...(observation.durationMs === 0 ? [] : [formatDuration(observation.durationMs)]),
    ...(observation.outputBytes === 0 ? [] : [`${formatBytes(observation.outputBytes)} of output`]),
  ];
  return lineAt(
    2,
    statusSpan(observation),
    ' ',
    action?.summary ?? observation.actionId,
    ...(facts.length === 0 ? [] : [tone('dim', ` · ${facts.join(' · ')}`)]),
    ...(observation.note === ''
      ? []
      : [`: ${shortened(observation.note.replaceAll('\n', ' '), maxNoteColumns)}`]),
  );
}

function statusSpan({ status, exitCode }: Observation): Span {
  if (status === 'ok') return tone('good', '✓ ok');
  const code = exitCode === null || exitCode === 0 ? '' : ` (exit ${exitCode})`;
  return tone('bad', `✗ ${status.replace('_', ' ')}${code}`);
}

import type { TaskSpec } from '../../contracts/task.ts';
import type { TaskState } from '../../contracts/task-state.ts';
import { splitLines } from '../terminal/escape.ts';
import { field, type Line, line, lineAt, type Span, tone } from '../terminal/line.ts';
import { standingText } from './action-text.ts';
import { checkLines } from './check-lines.ts';
import { formatTime, formatUsd } from './format.ts';
import { statusTone } from './list-lines.ts';
import { planLines } from './plan-lines.ts';
import { emptyView } from './task-view.ts';
import { usageSpan } from './usage-line.ts';

const labelWidth = 12;

/** Where a task is now, without what waits. Pure. */
export function stateLines(state: TaskState, spec: TaskSpec | null): readonly Line[] {
  const paused = state.paused && state.status !== 'paused' ? ', pauses after this iteration' : '';
  const ends = state.outcome === null && state.ending ? `, being cancelled by ${state.ending.by}` : '';
  return [
    line(tone('strong', state.taskId), '  ', tone(statusTone(state.status), state.status), paused, ends),
    ...specLines(spec, state),
    field(2, labelWidth, 'iteration', `${state.iteration} of at most ${state.budget.maxIterations}`),
    field(2, labelWidth, 'spent', spentSpan(state), budgetText(state)),
    ...workspaceLines(state),
    ...(state.steps.length === 0 ? [] : [lineAt(2, tone('dim', 'plan')), ...planLines(4, state.steps)]),
    ...checksNow(state),
    ...standingLines(state),
    ...refusalLines(state),
    ...outcomeLines(state),
  ];
}

function specLines(spec: TaskSpec | null, { wantedModel, constraints }: TaskState): readonly Line[] {
  if (spec === null) return [];
  return [
    ...splitLines(spec.instruction).map((text) => lineAt(2, text)),
    field(2, labelWidth, 'repository', spec.repository),
    field(2, labelWidth, 'policy', spec.policy.name),
    field(2, labelWidth, 'model', wantedModel ?? spec.model),
    ...(constraints?.digest
      ? [field(2, labelWidth, 'constraints', `${constraints.count}, changed since the start`)]
      : []),
  ];
}

function spentSpan({ usage }: TaskState): Span {
  return usage.modelCalls === 0 ? tone('dim', 'nothing yet') : usageSpan(usage);
}

function budgetText({ budget }: TaskState): string {
  return budget.maxUsd === null ? '' : ` of ${formatUsd(budget.maxUsd)}`;
}

function workspaceLines({ workspace, baseBranch, sandbox, outcome }: TaskState): readonly Line[] {
  if (workspace === null) return [];
  const base = `${baseBranch === null ? '' : `${baseBranch} at `}${workspace.baseCommit.slice(0, 12)}`;
  return [
    field(2, labelWidth, 'base', base),
    field(2, labelWidth, 'tree now', workspace.tree.slice(0, 12)),
    ...(sandbox === null || outcome !== null
      ? []
      : [field(2, labelWidth, 'sandbox', `${sandbox.backend}, ${sandbox.leaseId}`)]),
  ];
}

function checksNow(state: TaskState): readonly Line[] {
  const results = state.evaluation?.checks ?? state.checks.map(({ baseline }) => baseline);
  if (results.length === 0) return [];
  const title = state.evaluation === null ? 'checks at the base' : 'checks';
  const view = { ...emptyView, checks: state.checks };
  return [lineAt(2, tone('dim', title)), ...checkLines(4, view, results)];
}

function standingLines({ standing }: TaskState): readonly Line[] {
  return standing.map((rule, index) =>
    field(2, labelWidth, index === 0 ? 'stands' : '', `nobody is asked about ${standingText(rule)}`),
  );
}

function refusalLines({ refusals }: TaskState): readonly Line[] {
  return refusals.map(({ approvalId, reason, atMs }) =>
    lineAt(
      2,
      tone('warn', '! '),
      `an answer to ${approvalId} was refused: ${reason}`,
      tone('dim', `  ${formatTime(atMs)}`),
    ),
  );
}

function outcomeLines({ outcome }: TaskState): readonly Line[] {
  if (outcome === null) return [];
  return [
    ...(outcome.branch === null ? [] : [field(2, labelWidth, 'branch', tone('accent', outcome.branch))]),
    ...(outcome.reason === '' ? [] : [field(2, labelWidth, 'why', outcome.reason)]),
  ];
}

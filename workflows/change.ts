import type { Budget } from '../contracts/budget.ts';
import type { Change, Changed } from '../contracts/change.ts';
import type { TaskState } from '../contracts/task-state.ts';
import { type MessageProblem, shown } from './message-problem.ts';
import { plainText } from './plain-text.ts';
import { partOf, senderOf } from './sender.ts';
import type { Task } from './task.ts';
import { withdraw } from './withdraw.ts';

const maxModelCharacters = 200;
const maxAdded = 50;
const maxConstraintCharacters = 4000;
/** Of one change, and of all that no plan has taken up: they reach the model in one message. */
const maxAddedCharacters = 8000;
/** Changes that no plan has taken up. */
const maxWaitingChanges = 20;
/** Of all that hold: they are part of every compaction. */
const maxHeld = { count: 100, characters: 48_000 };

const invalid = (message: string): MessageProblem => ({ code: 'usage.invalid', message });

/** What is wrong with the form of a change, whatever the task is like. Synchronous and total: the payload may be anything. */
export function malformedChange(request: Change): MessageProblem | undefined {
  if (typeof request !== 'object' || request === null)
    return invalid('expected a change {budget, model, constraints, by}');
  const { budget = null, model = null, constraints = null } = request;
  if (budget === null && model === null && constraints === null)
    return invalid('the change changes nothing: give a budget, a model or constraints');
  return budgetProblem(budget) ?? modelProblem(model) ?? constraintsProblem(constraints);
}

function budgetProblem(budget: unknown): MessageProblem | undefined {
  if (budget === null) return undefined;
  const [maxUsd, maxIterations] = [partOf(budget, 'maxUsd'), partOf(budget, 'maxIterations')];
  if (maxUsd === undefined && maxIterations === undefined)
    return invalid('expected a budget of maxUsd or maxIterations');
  if (maxUsd !== undefined && maxUsd !== null && !(typeof maxUsd === 'number' && maxUsd > 0 && maxUsd < 1e9))
    return invalid(`expected an amount above 0 in USD, or null for no limit, got ${shown(maxUsd)}`);
  if (maxIterations !== undefined && !isCount(maxIterations))
    return invalid(`expected a number of iterations of at least 1, got ${shown(maxIterations)}`);
  return undefined;
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function modelProblem(model: unknown): MessageProblem | undefined {
  if (model === null) return undefined;
  const named = typeof model === 'string' && model.trim() !== '' && model.length <= maxModelCharacters;
  return named ? undefined : invalid(`expected the name of a model, got ${shown(model)}`);
}

function constraintsProblem(constraints: unknown): MessageProblem | undefined {
  if (constraints === null) return undefined;
  const [add, replace] = [partOf(constraints, 'add'), partOf(constraints, 'replace')];
  if (!Array.isArray(add) || add.length > maxAdded || typeof replace !== 'boolean')
    return invalid(`expected constraints {add: at most ${maxAdded} texts, replace: true or false}`);
  if (!add.every(isConstraint))
    return invalid(`expected constraints of 1 to ${maxConstraintCharacters} characters each`);
  const added = charactersOf(add);
  return added <= maxAddedCharacters
    ? undefined
    : invalid(
        `these constraints have ${added} characters, ${maxAddedCharacters} are taken at a time: put long texts into a file of the repository`,
      );
}

/** Why a change of the right form cannot be made now; undefined when it can. */
export function changeProblem(
  state: TaskState,
  { constraints }: Partial<Pick<Change, 'constraints'>>,
): MessageProblem | undefined {
  if (!constraints) return undefined;
  const { add, replace } = constraints;
  const added = charactersOf(add);
  const unread = state.constraintChanges.reduce((sum, change) => sum + charactersOf(change.add), 0);
  if (added + unread > maxAddedCharacters)
    return invalid(
      `constraints of ${unread} characters wait for the next plan, with ${added} more it would be above ${maxAddedCharacters}: send them again once the model has read those`,
    );
  if (state.constraintChanges.length >= maxWaitingChanges)
    return invalid(
      `${maxWaitingChanges} changes of constraints wait for the next plan: send this one again once the model has read those`,
    );
  const held = replace ? { count: 0, characters: 0 } : state.constraints;
  if (held.count + add.length > maxHeld.count || held.characters + added > maxHeld.characters)
    return invalid(
      `${held.count} constraints of ${held.characters} characters hold, at most ${maxHeld.count} of ${maxHeld.characters} can: replace them`,
    );
  return undefined;
}

function isConstraint(text: unknown): boolean {
  return typeof text === 'string' && text.trim() !== '' && text.length <= maxConstraintCharacters;
}

function charactersOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** Makes a change that has been judged: it holds from the next plan on. */
export function makeChange(task: Task, request: Change): Changed {
  const { budget = null, model = null, constraints = null } = request;
  const by = senderOf(request, 'update');
  const about = aboutChange(request);
  task.apply({
    type: 'changed',
    budget: budgetAfter(task.state.budget, budget),
    model: model ?? task.state.wantedModel,
    constraints:
      constraints === null
        ? null
        : {
            add: constraints.add.map((text) => plainText(text, maxConstraintCharacters)),
            replace: constraints.replace,
            by: by.name,
          },
  });
  const what = { budget: budget !== null, model: model !== null, constraints: constraints !== null };
  const withdrawn = withdraw(task, { type: 'change', ...what }, by, `${by.name} changed the ${about}`);
  const { state } = task;
  return {
    budget: state.budget,
    model: state.wantedModel,
    constraints: state.constraints.count,
    withdrawn,
  };
}

function budgetAfter(budget: Budget, change: Change['budget'] | undefined): Budget {
  if (!change) return budget;
  return {
    maxUsd: change.maxUsd === undefined ? budget.maxUsd : change.maxUsd,
    maxIterations: change.maxIterations ?? budget.maxIterations,
  };
}

/** The change in some words. */
export function aboutChange({ budget = null, model = null, constraints = null }: Change): string {
  const usd = budget?.maxUsd === null ? 'no limit in USD' : `${budget?.maxUsd} USD`;
  const limits = [
    ...(budget?.maxIterations === undefined ? [] : [`${budget.maxIterations} iterations`]),
    ...(budget?.maxUsd === undefined ? [] : [usd]),
  ];
  return [
    ...(limits.length === 0 ? [] : [`budget to ${limits.join(' and ')}`]),
    ...(model === null ? [] : [`model to ${model}`]),
    ...(constraints === null
      ? []
      : [`constraints (${constraints.replace ? 'replaced by' : 'added'} ${constraints.add.length})`]),
  ].join(', ');
}

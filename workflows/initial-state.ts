import type { TaskSpec } from '../contracts/task.ts';
import type { TaskState } from '../contracts/task-state.ts';

export function initialState(spec: TaskSpec): TaskState {
  return {
    taskId: spec.taskId,
    status: 'preparing',
    specDigest: null,
    iteration: 0,
    iterationsThisRun: 0,
    budget: spec.budget,
    budgetStep: spec.budget,
    usage: {
      iterations: 0,
      modelCalls: 0,
      inputTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      costUsd: 0,
      waitedForPeopleMs: 0,
    },
    workspace: null,
    baseBranch: null,
    contextDigest: null,
    files: 0,
    sandbox: null,
    checks: [],
    transcript: null,
    head: null,
    steps: [],
    evaluation: null,
    evaluatedTree: null,
    lastActions: '',
    stuckFor: 0,
    best: null,
    standing: [],
    pending: [],
    refusals: [],
    steers: [],
    notices: [],
    approvals: [],
    paused: false,
    rollbackTo: null,
    model: spec.model,
    wantedModel: spec.model,
    constraints: { digest: null, ...sizeOf(spec.constraints) },
    constraintChanges: [],
    settled: [],
    interventions: [],
    interventionsLeftOut: 0,
    ending: null,
    planning: false,
    outcome: null,
  };
}

/** How many texts, and how many characters in all. */
export function sizeOf(texts: readonly string[]): { readonly count: number; readonly characters: number } {
  return { count: texts.length, characters: texts.reduce((sum, text) => sum + text.length, 0) };
}

import type { EvaluateInput, EvaluateOutput, TaskActivities } from '../../contracts/activities.ts';
import { canonicalBytes, digestOf } from '../../contracts/digest.ts';
import type { CheckResult, Concern } from '../../contracts/evaluation.ts';
import { loadSpec } from '../load.ts';
import type { Ports } from '../ports.ts';
import { type Pulse, withPulse } from '../pulse.ts';
import { type ChecksRun, runChecks, skipped } from '../run-checks.ts';
import { loadSetup } from '../setup.ts';
import { chooseChecks, hasJudged } from './choose-checks.ts';
import { concernsOf } from './concerns-of.ts';
import { decideNext } from './decide-next.ts';
import { failureLines } from './failure-lines.ts';

/** Judges the workspace: runs checks at the wanted depth, compares with the baseline, and says what comes next. Running it again in a live sandbox gives the recorded results. */
export function createEvaluate(ports: Ports): TaskActivities['evaluate'] {
  return (input) => withPulse('evaluating', (pulse) => evaluate(ports, input, pulse));
}

async function evaluate(ports: Ports, input: EvaluateInput, pulse: Pulse): Promise<EvaluateOutput> {
  return judge(ports, input, await runChosen(ports, input, chosenChecks(input), pulse));
}

/** The evaluation where no check has to run for it; null where one has. */
export async function evaluateAtOnce(ports: Ports, input: EvaluateInput): Promise<EvaluateOutput | null> {
  return chosenChecks(input).length === 0 ? judge(ports, input, null) : null;
}

function chosenChecks(input: EvaluateInput): EvaluateInput['checks'] {
  const { checks, depth, last } = input;
  return chooseChecks({ checks, depth, treeChanged: treeHasChanged(input), last: last?.checks ?? [] });
}

function treeHasChanged({ last, workspace }: EvaluateInput): boolean {
  return last === null || last.tree !== workspace.tree;
}

async function judge(ports: Ports, input: EvaluateInput, run: ChecksRun | null): Promise<EvaluateOutput> {
  const treeChanged = treeHasChanged(input);
  const last = input.last?.checks ?? [];
  const results = input.checks.map((check) => resultOf(check.name, run?.results ?? [], last, treeChanged));
  const progress = progressOf(input, results);
  const failureSignature = await signatureOf(ports, results);
  const changed = input.workspace.commit !== input.workspace.baseCommit && (await differs(ports, input));
  const { next, reason, stuckFor } = decideNext({
    checks: input.checks,
    results,
    progress,
    failureSignature,
    last: input.last,
    best: input.best,
    modelSaysDone: input.modelSaysDone,
    changed,
    treeChanged,
    repeatedActions: input.repeatedActions,
    stuckFor: input.stuckFor,
  });
  const concerns: readonly Concern[] =
    next === 'deliver'
      ? await concernsOf(ports, input, await loadSpec(ports.artifacts, input.specDigest))
      : [];
  const evaluation = {
    checks: results,
    progress,
    confidence:
      results.length === 0 ? 0 : results.filter((r) => r.status !== 'skipped').length / results.length,
    concerns: [...concerns],
    next,
    reason,
    failureSignature,
  };
  return { evaluation, stuckFor, workspace: run?.workspace ?? input.workspace };
}

async function runChosen(
  ports: Ports,
  input: EvaluateInput,
  checks: EvaluateInput['checks'],
  pulse: Pulse,
): Promise<ChecksRun | null> {
  if (checks.length === 0) return null;
  const { taskId, iteration, workspace } = input;
  const setup = await loadSetup(ports, input);
  return runChecks(ports, { taskId, workspace, setup, checks, stepPrefix: `i${iteration}.check` }, pulse);
}

function resultOf(
  name: string,
  now: readonly CheckResult[],
  last: readonly CheckResult[],
  treeChanged: boolean,
): CheckResult {
  const ran = now.find((result) => result.name === name);
  if (ran) return ran;
  const before = last.find((result) => result.name === name);
  return before && hasJudged(before) && !treeChanged ? { ...before, cached: true } : skipped({ name });
}

/** Share of the checks that pass; one that was not run now counts as it did at the base. */
function progressOf(input: EvaluateInput, results: readonly CheckResult[]): number {
  if (results.length === 0) return 0;
  const before = new Map(input.checks.map((check) => [check.name, check.baseline.status]));
  const passing = results.filter(
    (r) => (r.status === 'skipped' ? before.get(r.name) : r.status) === 'passed',
  );
  return passing.length / results.length;
}

/** Which checks failed and how; the same failure has the same signature. */
async function signatureOf(ports: Ports, results: readonly CheckResult[]): Promise<string> {
  const failed = await Promise.all(
    results
      .filter((r) => r.status !== 'passed' && r.status !== 'skipped')
      .map(async (r) => {
        const output = r.outputDigest === null ? new Uint8Array() : await ports.artifacts.get(r.outputDigest);
        return [r.name, r.status, r.exitCode, ...failureLines(output)];
      }),
  );
  return failed.length === 0 ? '' : digestOf(canonicalBytes(failed));
}

async function differs(ports: Ports, { taskId, workspace }: EvaluateInput): Promise<boolean> {
  return (await ports.repositories.treeOf(taskId, workspace.baseCommit)) !== workspace.tree;
}

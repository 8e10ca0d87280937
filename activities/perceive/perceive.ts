import type {
  BaselineCheck,
  PerceiveInput,
  PerceiveOutput,
  TaskActivities,
  WorkspaceRef,
} from '../../contracts/activities.ts';
import { canonicalBytes, digestOf } from '../../contracts/digest.ts';
import type { CheckResult } from '../../contracts/evaluation.ts';
import type { SandboxSetup } from '../../contracts/sandbox.ts';
import type { Check, TaskSpec } from '../../contracts/task.ts';
import { putJson } from '../artifact-json.ts';
import { type Context, loadSpec } from '../load.ts';
import type { Ports } from '../ports.ts';
import { type Pulse, withPulse } from '../pulse.ts';
import { runChecks } from '../run-checks.ts';
import { taskPolicy } from '../task-policy.ts';
import { type RepositoryFacts, readRepository } from './read-repository.ts';

const baselineTailTokens = 500;

/** Another task on the same tree reads it from here. */
const cachedTrees = 32;

type FactsCache = Map<string, RepositoryFacts>;

/** Reads the repository at the base, prepares the first sandbox, and runs the checks once so that old failures are told from new ones. */
export function createPerceive(ports: Ports): TaskActivities['perceive'] {
  const cache: FactsCache = new Map();
  return (input) => withPulse('reading the repository', (pulse) => perceive(ports, cache, input, pulse));
}

async function perceive(
  ports: Ports,
  cache: FactsCache,
  input: PerceiveInput,
  pulse: Pulse,
): Promise<PerceiveOutput> {
  const spec = await loadSpec(ports.artifacts, input.specDigest);
  const { taskId, workspace } = input;
  const facts = await readCached(ports, cache, spec, workspace);
  const given = spec.checks.length > 0;
  const checks: readonly Check[] = given ? spec.checks : facts.checks;
  const setup = await setupOf(ports, spec, facts);
  const run = await runChecks(ports, { taskId, workspace, setup, checks, stepPrefix: 'baseline' }, pulse);
  const baseline = checks.map((check, index) => baselineOf(check, run.results[index], given));
  const text = await contextText(ports, spec, facts, baseline);
  const context: Context = {
    text,
    setup: setup && { commands: [...setup.commands], hosts: [...setup.hosts], digest: setup.digest },
  };
  return {
    contextDigest: await putJson(ports.artifacts, context),
    workspace: run.workspace,
    sandbox: run.sandbox,
    checks: baseline,
    checksFrom: given ? 'the task' : facts.checksFrom,
    summary: facts.summary,
    files: facts.files,
  };
}

async function readCached(
  ports: Ports,
  cache: FactsCache,
  { taskId, paths, setup }: TaskSpec,
  { baseCommit, tree }: WorkspaceRef,
): Promise<RepositoryFacts> {
  const key = JSON.stringify([tree, paths, setup]);
  const known = cache.get(key);
  if (known) return known;
  const facts = await readRepository(ports.repositories, { taskId, commit: baseCommit, paths, setup });
  cache.set(key, facts);
  const oldest = cache.keys().next().value;
  if (cache.size > cachedTrees && oldest !== undefined) cache.delete(oldest);
  return facts;
}

async function setupOf(ports: Ports, spec: TaskSpec, facts: RepositoryFacts): Promise<SandboxSetup | null> {
  if (spec.setup.length === 0) return null;
  const { policy } = await taskPolicy(ports.artifacts, spec.policy);
  const { hosts } = policy.setup;
  const digest = digestOf(
    canonicalBytes({ repository: spec.repository, commands: spec.setup, hosts, inputs: facts.setupInputs }),
  );
  return { commands: spec.setup, hosts, digest, timeoutMs: ports.limits.setupTimeoutMs };
}

function baselineOf(check: Check, result: CheckResult | undefined, given: boolean): BaselineCheck {
  if (result === undefined) throw new Error(`the check ${check.name} has no baseline`);
  return {
    name: check.name,
    command: check.command,
    required: given || result.status === 'passed',
    baseline: result,
  };
}

/** What the model reads first: the repository, then what the checks say before anything is changed. */
async function contextText(
  ports: Ports,
  spec: TaskSpec,
  facts: RepositoryFacts,
  checks: readonly BaselineCheck[],
): Promise<string> {
  const { cut } = ports.dialect(spec.model);
  const results = await Promise.all(
    checks.map(async ({ name, required, baseline }) => {
      const must = required ? 'has to pass' : 'failed before the task began, need not pass';
      const output =
        baseline.outputDigest === null || baseline.status === 'passed'
          ? ''
          : cut(await ports.artifacts.get(baseline.outputDigest), baselineTailTokens);
      return `- ${name}: ${baseline.status} (${must})${output === '' ? '' : `\n${output}`}`;
    }),
  );
  return [
    facts.text,
    '# Checks, as they are before your first change',
    ...(results.length === 0 ? ['None is known.'] : results),
  ].join('\n');
}

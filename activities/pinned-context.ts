import type { PlanInput } from '../contracts/activities.ts';
import type { Digest } from '../contracts/ids.ts';
import type { ModelDialect, PinnedContext } from '../contracts/model-dialect.ts';
import type { IterationRecord } from '../contracts/record.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { heldConstraints } from './keep-constraints.ts';
import { loadRecord } from './load.ts';
import type { Ports } from './ports.ts';

/** Share of the context window that people's words may take, and the names of the files that were changed. */
const shareOfEach = 0.05;
const bytesPerToken = 4;
const maxSteers = 50;

/** What survives a compaction by the word of the records. Goal, constraints and plan are whole; of the rest it says what was left out. */
export async function pinnedContext(
  { artifacts, repositories }: Pick<Ports, 'artifacts' | 'repositories'>,
  spec: TaskSpec,
  input: PlanInput,
  { contextWindowTokens, cut }: Pick<ModelDialect, 'contextWindowTokens' | 'cut'>,
): Promise<PinnedContext> {
  const maxTokens = Math.floor(contextWindowTokens * shareOfEach);
  const steers = await steersSoFar(artifacts, input.previousRecord);
  const said = steers.lines.map((line) => cut(Buffer.from(line), Math.ceil(maxTokens / 2)));
  const heard = fitting(said.toReversed(), maxTokens);
  const older = heard.left === 0 && steers.all ? [] : ['(older messages of people are left out here)'];
  const base = { goal: spec.instruction, plan: input.steps };
  const held = await heldConstraints(artifacts, spec, input.constraintsDigest);
  const constraints = [...held, ...older, ...heard.lines.toReversed()];
  if (input.previousRecord === null) return { ...base, constraints, touchedFiles: [], lastChecks: [] };
  const { perceive, checkpoint, evaluate } = await loadRecord(artifacts, input.previousRecord);
  const touched = await repositories.changes(spec.taskId, perceive.baseCommit, checkpoint.commit);
  const files = fitting(
    touched.map((change) => change.path),
    maxTokens,
  );
  return {
    ...base,
    constraints,
    touchedFiles: [
      ...files.lines,
      ...(files.left === 0 ? [] : [`(${files.left} more files, not named here)`]),
    ],
    lastChecks: evaluate.checks.map((check) => `${check.name}: ${check.status}`),
  };
}

/** The first lines that fit, and how many do not. */
function fitting(lines: readonly string[], maxTokens: number) {
  let bytes = 0;
  const over = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > maxTokens * bytesPerToken;
  });
  const kept = over === -1 ? lines : lines.slice(0, over);
  return { lines: kept, left: lines.length - kept.length };
}

/** What people have said since the task began, oldest first: a summary may forget it, the records do not. Not `all` where there was more. */
async function steersSoFar(artifacts: Ports['artifacts'], head: Digest | null) {
  const found: string[] = [];
  let digest = head;
  while (digest !== null && found.length < maxSteers) {
    const record: IterationRecord = await loadRecord(artifacts, digest);
    found.unshift(...record.steers.map((steer) => `${steer.by} says: ${steer.text}`));
    digest = record.previous;
  }
  return { lines: found.slice(-maxSteers), all: digest === null && found.length <= maxSteers };
}

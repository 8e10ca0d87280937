import { z } from 'zod';
import type { PlanInput } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { CheckResult } from '../contracts/evaluation.ts';
import { type TranscriptItem, TranscriptItemSchema } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { IterationRecord } from '../contracts/record.ts';
import { getJson } from './artifact-json.ts';
import { loadAction, loadRecord } from './load.ts';
import { maxNamed, notTaken } from './planned-actions.ts';

const ResponseSchema = z.object({ output: z.array(TranscriptItemSchema) });

const failedCheckTokens = 3000;

type RecordedAction = IterationRecord['actions'][number];

/** What an iteration adds to the transcript: an answer to each call of the one before, then what the checks, the platform and people say. */
export async function newItems(
  artifacts: ArtifactStore,
  dialect: ModelDialect,
  input: PlanInput,
): Promise<readonly TranscriptItem[]> {
  const messages = messagesOf(dialect, input);
  if (input.previousRecord === null) return messages;
  const record = await loadRecord(artifacts, input.previousRecord);
  const { output } = await getJson(artifacts, record.plan.responseDigest, ResponseSchema);
  const calls = dialect.calls(output);
  const maxTokens = dialect.maxOutputTokens(calls.length);
  const answers = await Promise.all(
    calls.map(async (call, index) => {
      const id = `i${record.iteration}.a${index + 1}`;
      const action = record.actions.find((a) => a.id === id);
      const text = action ? await answerText(artifacts, dialect, action, maxTokens) : unnamed(index);
      return dialect.answer(call, text);
    }),
  );
  const report = await evaluationText(artifacts, dialect, record);
  return [...answers, ...(report === null ? [] : [dialect.message(report)]), ...messages];
}

/** What the platform and people tell the model before its next response. */
export function messagesOf(
  dialect: ModelDialect,
  { notices, steers }: Pick<PlanInput, 'notices' | 'steers'>,
): readonly TranscriptItem[] {
  const texts = [...notices, ...steers.map((steer) => `${steer.by} says: ${steer.text}`)];
  return texts.map((text) => dialect.message(text));
}

async function answerText(
  artifacts: ArtifactStore,
  dialect: ModelDialect,
  { kind, digest, observation }: RecordedAction,
  maxTokens: number,
): Promise<string> {
  const { outputDigest, note, durationMs } = observation;
  if (kind === 'invalid') {
    // Policy's word on it is the same for all of them; which argument was wrong is what the model can mend.
    const body = await loadAction(artifacts, digest);
    return body.kind === 'invalid' ? body.reason : note;
  }
  if (outputDigest === null || (kind === 'apply_patch' && observation.status === 'lost')) return note;
  const output = await artifacts.get(outputDigest);
  if (kind === 'apply_patch') return dialect.cut(output, maxTokens);
  return dialect.commandText({ headline: headline(observation), durationMs, output }, maxTokens);
}

function headline({ status, exitCode, note }: RecordedAction['observation']): string {
  const because = note === '' ? '' : ` (${note})`;
  switch (status) {
    case 'ok':
    case 'failed':
      return exitCode === null ? `Process ended${because}` : `Process exited with code ${exitCode}${because}`;
    case 'timed_out':
      return `Process ran out of time and was ended${because}`;
    case 'cancelled':
      return `Not run${because}`;
    case 'lost':
      return note;
    case 'denied':
      return `Not run${because}`;
    default:
      return status satisfies never;
  }
}

/** Null when there is nothing to say: the work goes on and no check changed. */
async function evaluationText(
  artifacts: ArtifactStore,
  dialect: ModelDialect,
  { evaluate, plan, actions }: IterationRecord,
): Promise<string | null> {
  const judged = evaluate.checks.filter((check) => check.status !== 'skipped' && !check.cached);
  const saidDone = actions.every((action) => action.kind === 'deliver');
  if (evaluate.next === 'continue' && judged.length === 0 && !saidDone) return null;
  const failed = judged.filter((check) => check.status !== 'passed');
  const outputs = await Promise.all(failed.map((check) => failedText(artifacts, dialect, check)));
  return [
    `# Checks after your last actions`,
    ...judged.map((check) => `- ${check.status}: ${check.name}`),
    ...outputs,
    saidDone ? `You said that you are done; the checks decide: ${evaluate.reason}.` : '',
    evaluate.next === 'replan'
      ? `Change your approach: ${evaluate.reason}. Say what you learned and update your plan before you go on.`
      : '',
    plan.droppedDigest === null
      ? ''
      : 'The transcript was compacted, or rewritten for another model, before your last response.',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

async function failedText(
  artifacts: ArtifactStore,
  dialect: ModelDialect,
  check: CheckResult,
): Promise<string> {
  if (check.outputDigest === null) return '';
  const output = dialect.cut(await artifacts.get(check.outputDigest), failedCheckTokens);
  return `\n## ${check.name} (${check.exitCode === null ? check.status : `exit code ${check.exitCode}`})\n${output}`;
}

/** A call without an action: beyond what one iteration can take, or the iteration was cut short before it was named. */
function unnamed(index: number): string {
  return index >= maxNamed ? notTaken : 'not run: the iteration ended before its turn came';
}

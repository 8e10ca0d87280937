import type { Action } from '../contracts/action.ts';
import type { PlanInput, PlanOutput, TaskActivities, TranscriptRef } from '../contracts/activities.ts';
import { digestOf } from '../contracts/digest.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { Digest } from '../contracts/ids.ts';
import type { ModelRequest, ModelResponse, TranscriptItem } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { putJson } from './artifact-json.ts';
import { type Compaction, compactTranscript } from './compact-transcript.ts';
import { loadContext, loadSpec } from './load.ts';
import { newestSteps, plannedActions } from './planned-actions.ts';
import type { Ports } from './ports.ts';
import { attempt, type Pulse, withPulse } from './pulse.ts';
import { newItems } from './transcript-items.ts';
import { createTranscriptStore, type TranscriptStore } from './transcript-store.ts';
import { addUsage } from './usage.ts';

/** Above this share of the context window the transcript is compacted before the call. */
const compactAtShare = 0.85;
const maxMessageCharacters = 500;

interface Draft {
  readonly dialect: ModelDialect;
  /** The transcript as stored, and what this iteration adds to it. */
  readonly base: { readonly ref: TranscriptRef; readonly items: readonly TranscriptItem[] } | null;
  readonly added: readonly TranscriptItem[];
  readonly compaction: Compaction | null;
}

/**
 * One response of the model on an append-only transcript. At least once: a worker that dies after the answer and before its record pays
 * the call again, once. A response counts whole or not at all.
 */
export function createPlan(ports: Ports): TaskActivities['plan'] {
  const transcripts = createTranscriptStore(ports.artifacts);
  return (input) =>
    withPulse('waiting for the model', async (pulse) => {
      const spec = await loadSpec(ports.artifacts, input.specDigest);
      const draft = await prepareDraft(ports, transcripts, spec, input, pulse);
      const estimatedUsd = overBudget(draft, input);
      if (estimatedUsd !== null) return { status: 'over_budget', estimatedUsd };
      const { draft: sent, request, response } = await respond(ports, spec, draft, input, pulse);
      return finish(ports, transcripts, input, sent, request, response);
    });
}

async function prepareDraft(
  ports: Ports,
  transcripts: TranscriptStore,
  spec: TaskSpec,
  input: PlanInput,
  pulse: Pulse,
): Promise<Draft> {
  const dialect = ports.dialect(spec.model);
  const stored = await transcripts.load(input.transcript);
  const added =
    input.transcript === null
      ? await firstItems(ports, spec, input, dialect)
      : await newItems(ports.artifacts, dialect, input);
  const base = input.transcript === null ? null : { ref: input.transcript, items: stored };
  const draft: Draft = { dialect, base, added, compaction: null };
  const tokens = dialect.estimateTokens([...stored, ...added]);
  return tokens > dialect.contextWindowTokens * compactAtShare
    ? compact(ports, spec, draft, input, pulse)
    : draft;
}

async function firstItems(ports: Ports, spec: TaskSpec, input: PlanInput, dialect: ModelDialect) {
  const { text } = await loadContext(ports.artifacts, input.contextDigest);
  const first = dialect.firstItems({
    contextText: text,
    instruction: spec.instruction,
    constraints: spec.constraints,
  });
  return [...first, ...input.steers.map((steer) => dialect.message(`${steer.by} says: ${steer.text}`))];
}

async function compact(
  ports: Ports,
  spec: TaskSpec,
  draft: Draft,
  input: PlanInput,
  pulse: Pulse,
): Promise<Draft> {
  pulse.say('compacting the transcript');
  const items = [...(draft.base?.items ?? []), ...draft.added];
  const compaction = await compactTranscript(ports, {
    spec,
    dialect: draft.dialect,
    items,
    input,
    signal: pulse.signal,
  });
  pulse.say('waiting for the model');
  return { ...draft, base: null, added: compaction.items, compaction };
}

/** What the next call may cost when that is more than what is left; null when it fits. */
function overBudget(draft: Draft, { budget, usage }: PlanInput): number | null {
  if (budget.maxUsd === null || usage.costUsd === null) return null;
  const inputTokens = draft.dialect.estimateTokens([...(draft.base?.items ?? []), ...draft.added]);
  const worst = draft.dialect.worstCaseUsd(inputTokens);
  return worst !== null && usage.costUsd + worst > budget.maxUsd ? worst : null;
}

async function respond(ports: Ports, spec: TaskSpec, draft: Draft, input: PlanInput, pulse: Pulse) {
  const ask = async (current: Draft) => {
    const request = requestOf(spec, current, input);
    const response = await ports.model.respond(request, {
      signal: pulse.signal,
      onProgress: (characters) => pulse.say('the model answers', `${characters} characters`),
    });
    return { draft: current, request, response };
  };
  try {
    return await ask(draft);
  } catch (error) {
    if (errorCode(error) !== 'model.context_exceeded' || draft.compaction !== null) throw error;
    return ask(await compact(ports, spec, draft, input, pulse));
  }
}

function requestOf(spec: TaskSpec, { dialect, base, added }: Draft, input: PlanInput): ModelRequest {
  return {
    model: spec.model,
    effort: input.pace.effort,
    input: [...(base?.items ?? []), ...added],
    tools: dialect.tools,
    promptCacheKey: spec.taskId,
  };
}

async function finish(
  ports: Ports,
  transcripts: TranscriptStore,
  input: PlanInput,
  { dialect, base, added, compaction }: Draft,
  request: ModelRequest,
  response: ModelResponse,
): Promise<PlanOutput> {
  const { artifacts } = ports;
  const responseDigest = await putJson(artifacts, response);
  const [toolsDigest, instructionsDigest] = await Promise.all([
    putJson(artifacts, dialect.tools),
    putJson(artifacts, request.input[0]),
  ]);
  const tokens = dialect.estimateTokens([...request.input, ...response.output]);
  const transcript = await transcripts.append(base, [...added, ...response.output], tokens);
  const calls = dialect.calls(response.output);
  const actions: readonly Action[] = await plannedActions(
    artifacts,
    input.iteration,
    input.pace.maxActions,
    calls,
  );
  const usage = compaction === null ? response.usage : addUsage(response.usage, compaction.usage);
  if (response.output.length === 0)
    throw new LonghaulError(
      'model.bad_response',
      `the response ${response.responseId} of ${response.model} is empty`,
    );
  return {
    status: 'planned',
    iteration: input.iteration,
    transcript,
    actions,
    steps: newestSteps(calls),
    message: dialect.words(response.output).slice(0, maxMessageCharacters),
    done: actions.length === 0,
    record: {
      requestDigest: requestDigest(request),
      toolsDigest,
      instructionsDigest,
      responseDigest,
      model: response.model,
      responseId: response.responseId,
      attempts: attempt(),
      usage,
      prefixChangedAt: compaction === null ? null : compaction.keptPrefixItems,
      droppedDigest: compaction === null ? null : (input.transcript?.digest ?? null),
      costUsd: dialect.costUsd(usage),
    },
  };
}

function requestDigest(request: ModelRequest): Digest {
  return digestOf(new TextEncoder().encode(JSON.stringify(request)));
}

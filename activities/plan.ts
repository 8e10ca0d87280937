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
import { cutText } from './cut-text.ts';
import { loadContext, loadSpec } from './load.ts';
import { newestSteps, plannedActions } from './planned-actions.ts';
import type { Ports } from './ports.ts';
import { attempt, type Pulse, withPulse } from './pulse.ts';
import { messagesOf, newItems } from './transcript-items.ts';
import { createTranscriptStore, type TranscriptStore } from './transcript-store.ts';
import { addUsage } from './usage.ts';
import { wellFormed } from './well-formed.ts';

/** Above this share of the context window the transcript is compacted before the call. */
const compactAtShare = 0.85;
const maxMessageCharacters = 500;

interface Draft {
  readonly dialect: ModelDialect;
  /** The transcript as stored, and what this iteration adds to it. */
  readonly base: { readonly ref: TranscriptRef; readonly items: readonly TranscriptItem[] } | null;
  readonly added: readonly TranscriptItem[];
  readonly compaction: (Compaction & { readonly dropped: Digest }) | null;
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
      const draft = await draftOf(ports, transcripts, spec, input);
      const mustCompact = tokensOf(draft) > draft.dialect.contextWindowTokens * compactAtShare;
      const estimatedUsd = overBudget(draft, input, mustCompact ? 2 : 1);
      if (estimatedUsd !== null) return { status: 'over_budget', estimatedUsd };
      const first = mustCompact ? await compact(ports, transcripts, spec, draft, input, pulse) : draft;
      const { draft: sent, request, response } = await respond(ports, transcripts, spec, first, input, pulse);
      return finish(ports, transcripts, input, sent, request, response);
    });
}

async function draftOf(
  ports: Ports,
  transcripts: TranscriptStore,
  spec: TaskSpec,
  input: PlanInput,
): Promise<Draft> {
  const dialect = ports.dialect(spec.model);
  const { transcript } = input;
  const base = transcript === null ? null : { ref: transcript, items: await transcripts.load(transcript) };
  const added =
    base === null
      ? await firstItems(ports, spec, input, dialect)
      : await newItems(ports.artifacts, dialect, input);
  return { dialect, base, added: wellFormed(added), compaction: null };
}

function tokensOf({ dialect, base, added }: Draft): number {
  return dialect.estimateTokens([...(base?.items ?? []), ...added]);
}

async function firstItems(ports: Ports, spec: TaskSpec, input: PlanInput, dialect: ModelDialect) {
  const { text } = await loadContext(ports.artifacts, input.contextDigest);
  const first = dialect.firstItems({
    contextText: text,
    instruction: spec.instruction,
    constraints: spec.constraints,
  });
  return [...first, ...messagesOf(dialect, input)];
}

async function compact(
  ports: Ports,
  transcripts: TranscriptStore,
  spec: TaskSpec,
  draft: Draft,
  input: PlanInput,
  pulse: Pulse,
): Promise<Draft> {
  pulse.say('compacting the transcript');
  const { dialect, base, added } = draft;
  const items = [...(base?.items ?? []), ...added];
  const { signal } = pulse;
  const compaction = await compactTranscript(ports, { spec, dialect, items, input, signal });
  // Stored whole before it is cut, with what this iteration has added, so that nothing is lost to whoever reads the record.
  const dropped = await transcripts.append(base, added, tokensOf(draft));
  pulse.say('waiting for the model');
  return {
    ...draft,
    base: null,
    added: compaction.items,
    compaction: { ...compaction, dropped: dropped.digest },
  };
}

/** What the next calls may cost when that is more than what is left; null when it fits. A compaction is a call too, and a shorter one. */
function overBudget(draft: Draft, { budget, usage }: PlanInput, calls: 1 | 2): number | null {
  if (budget.maxUsd === null) return null;
  const each = draft.dialect.worstCaseUsd(tokensOf(draft));
  if (each === null || usage.costUsd === null) {
    throw new LonghaulError(
      'model.unknown_price',
      `the task has a budget of ${budget.maxUsd} USD, and this worker knows no price for the model ${draft.dialect.model}: give it one in models.yaml and start the worker again`,
    );
  }
  const worst = each * calls;
  return usage.costUsd + worst > budget.maxUsd ? worst : null;
}

async function respond(
  ports: Ports,
  transcripts: TranscriptStore,
  spec: TaskSpec,
  draft: Draft,
  input: PlanInput,
  pulse: Pulse,
) {
  const ask = async (current: Draft) => {
    const request = requestOf(spec, current, input);
    const answer = await ports.model.respond(request, {
      signal: pulse.signal,
      onProgress: (characters) => pulse.say('the model answers', `${characters} characters`),
    });
    return { draft: current, request, response: wellFormed(answer) };
  };
  try {
    return await ask(draft);
  } catch (error) {
    if (errorCode(error) !== 'model.context_exceeded' || draft.compaction !== null) throw error;
    return ask(await compact(ports, transcripts, spec, draft, input, pulse));
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
  if (response.output.length === 0)
    throw new LonghaulError(
      'model.bad_response',
      `the response ${response.responseId} of ${response.model} is empty`,
    );
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
  return {
    status: 'planned',
    iteration: input.iteration,
    transcript,
    actions,
    steps: newestSteps(calls.slice(0, input.pace.maxActions)),
    message: cutText(dialect.words(response.output), maxMessageCharacters),
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
      droppedDigest: compaction === null ? null : compaction.dropped,
      costUsd: dialect.costUsd(usage),
    },
  };
}

function requestDigest(request: ModelRequest): Digest {
  return digestOf(new TextEncoder().encode(JSON.stringify(request)));
}

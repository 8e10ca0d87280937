import type { PlanInput, PlanOutput, TaskActivities } from '../contracts/activities.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { ModelRequest, ModelResponse } from '../contracts/model-client.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { joinTranscripts, toTranscriptBytes } from '../contracts/transcript-bytes.ts';
import { putJson } from './artifact-json.ts';
import { compactTranscript } from './compact-transcript.ts';
import { cutText } from './cut-text.ts';
import { loadSpec } from './load.ts';
import { type Draft, draftOf, requestDigest, requestOf, tokensOf, whole } from './plan-request.ts';
import { newestSteps, plannedActions } from './planned-actions.ts';
import type { Ports } from './ports.ts';
import { attempt, type Pulse, withPulse } from './pulse.ts';
import { createRequestPrefixes, type RequestPrefixes } from './request-prefix.ts';
import { createTranscriptStore, type TranscriptStore } from './transcript-store.ts';
import { addUsage } from './usage.ts';
import { wellFormed } from './well-formed.ts';

/** Above this share of the context window the transcript is compacted before the call. */
const compactAtShare = 0.85;
const maxMessageCharacters = 500;

/**
 * One response of the model on an append-only transcript. At least once: a worker that dies after the answer and before its record pays
 * the call again, once. A response counts whole or not at all.
 */
export function createPlan(ports: Ports): TaskActivities['plan'] {
  const transcripts = createTranscriptStore(ports.artifacts);
  const prefixes = createRequestPrefixes(ports.artifacts);
  return (input) =>
    withPulse('waiting for the model', async (pulse) => {
      const spec = await loadSpec(ports.artifacts, input.specDigest);
      const draft = await draftOf(ports, transcripts, spec, input);
      const mustCompact = tokensOf(draft) > draft.dialect.contextWindowTokens * compactAtShare;
      const estimatedUsd = overBudget(draft, input, mustCompact ? 2 : 1);
      if (estimatedUsd !== null) return { status: 'over_budget', estimatedUsd };
      const first = mustCompact ? await compact(ports, transcripts, spec, draft, input, pulse) : draft;
      const { draft: sent, request, response } = await respond(ports, transcripts, spec, first, input, pulse);
      return finish(ports, { transcripts, prefixes }, input, sent, request, response);
    });
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
  const { signal } = pulse;
  const compaction = await compactTranscript(ports, {
    spec,
    dialect,
    transcript: whole(draft),
    input,
    signal,
  });
  // Stored whole before it is cut, with what this iteration has added, so that nothing is lost to whoever reads the record.
  const dropped = await transcripts.append(base, added, tokensOf(draft));
  pulse.say('waiting for the model');
  return {
    ...draft,
    base: null,
    added: compaction.transcript,
    compaction: { ...compaction, dropped: dropped.ref.digest },
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
    const request = requestOf(spec, current, input.pace.effort);
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

async function finish(
  ports: Ports,
  { transcripts, prefixes }: { readonly transcripts: TranscriptStore; readonly prefixes: RequestPrefixes },
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
  const output = toTranscriptBytes(response.output);
  const tokens = dialect.estimateTokens(joinTranscripts(request.input, output));
  const calls = dialect.calls(response.output);
  const { maxActions } = input.pace;
  // Side by side: each is on disk before it is named, and a disk that syncs several at once takes hardly longer than for one.
  const [responseDigest, prefix, transcript, actions] = await Promise.all([
    putJson(artifacts, response),
    prefixes.store(request),
    transcripts.append(base, joinTranscripts(added, output), tokens),
    plannedActions(artifacts, input.iteration, maxActions, calls),
  ]);
  const usage = compaction === null ? response.usage : addUsage(response.usage, compaction.usage);
  return {
    status: 'planned',
    iteration: input.iteration,
    transcript: transcript.ref,
    actions,
    steps: newestSteps(calls.slice(0, maxActions)),
    message: cutText(dialect.words(response.output), maxMessageCharacters),
    done: actions.length === 0,
    record: {
      requestDigest: requestDigest(request),
      ...prefix,
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

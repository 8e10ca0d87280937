import type { LocalActivities, PlanInput, PlanOutput, TaskActivities } from '../contracts/activities.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { ModelRequest, ModelResponse } from '../contracts/model-client.ts';
import type { TaskSpec } from '../contracts/task.ts';
import { joinTranscripts, toTranscriptBytes } from '../contracts/transcript-bytes.ts';
import { putJson } from './artifact-json.ts';
import { createAuthorize } from './authorize.ts';
import { compactTranscript } from './compact-transcript.ts';
import { cutText } from './cut-text.ts';
import { decideAhead } from './decide-ahead.ts';
import { loadSpec } from './load.ts';
import { createPlanBill, type PlanBill } from './plan-bill.ts';
import { overBudget } from './plan-budget.ts';
import { createPlanKept, type PlanKept } from './plan-kept.ts';
import {
  type Draft,
  draftOf,
  isForAnother,
  requestDigest,
  requestOf,
  tokensOf,
  whole,
} from './plan-request.ts';
import { changedPrefix, keptOf, storeAnswered, storeDropped } from './plan-transcript.ts';
import { cancelAbandoned, watchCall } from './plan-watch.ts';
import { newestSteps, plannedActions } from './planned-actions.ts';
import type { Ports } from './ports.ts';
import { attempt, type Pulse, withPulse } from './pulse.ts';
import { createRequestPrefixes, type RequestPrefixes } from './request-prefix.ts';
import { createTranscriptStore, type TranscriptStore } from './transcript-store.ts';
import { wellFormed } from './well-formed.ts';

/** Above this share of the context window the transcript is compacted before the call. */
const compactAtShare = 0.85;
const maxMessageCharacters = 500;

/** What one try of a plan works with. */
interface Try {
  readonly ports: Ports;
  readonly transcripts: TranscriptStore;
  readonly prefixes: RequestPrefixes;
  readonly authorize: LocalActivities['authorize'];
  readonly input: PlanInput;
  readonly spec: TaskSpec;
  readonly draft: Draft;
  readonly kept: PlanKept;
  readonly bill: PlanBill;
  readonly pulse: Pulse;
}

/**
 * One paid call of the model: its response on an append-only transcript, or a summary that shortens the transcript first. At least once:
 * a worker that dies after the answer and before its record pays the call again, once. A response counts whole or not at all.
 */
export function createPlan(ports: Ports): TaskActivities['plan'] {
  const transcripts = createTranscriptStore(ports.artifacts);
  const prefixes = createRequestPrefixes(ports.artifacts);
  const authorize = createAuthorize(ports);
  return (input) =>
    withPulse('waiting for the model', async (pulse) => {
      const kept = createPlanKept(input.paid, pulse);
      const bill = createPlanBill(input.paid, kept);
      try {
        const spec = await loadSpec(ports.artifacts, input.specDigest);
        const draft = await draftOf(ports, transcripts, spec, input);
        return await planOnce({
          ports,
          transcripts,
          prefixes,
          authorize,
          input,
          spec,
          draft,
          kept,
          bill,
          pulse,
        });
      } catch (error) {
        await cancelAbandoned(pulse, kept, ports.model);
        throw bill.told(error);
      }
    });
}

async function planOnce(now: Try): Promise<PlanOutput> {
  const { draft, input, bill } = now;
  const tooLong = tokensOf(draft) > draft.dialect.contextWindowTokens * compactAtShare;
  // Never twice for one model in one iteration: what is too long even then, the server has to say.
  const mayCompact = input.compaction === null || isForAnother(draft);
  const mustCompact = tooLong && mayCompact;
  const estimatedUsd = overBudget(draft, input, bill.paid, mustCompact ? 2 : 1);
  if (estimatedUsd !== null) return { status: 'over_budget', estimatedUsd };
  if (attempt() > 1) await tryStore(now);
  if (mustCompact) return compact(now);
  const request = requestOf(now.spec, draft, input);
  try {
    return await finish(now, request, await respond(now, request));
  } catch (error) {
    if (errorCode(error) !== 'model.context_exceeded' || !mayCompact) throw error;
  }
  return compact(now);
}

/** A call is paid whether its answer can be kept or not. What the try before failed of may be the store, so that is asked first. */
async function tryStore({ ports, input: { taskId, iteration } }: Try): Promise<void> {
  await ports.artifacts.put(Buffer.from(`${taskId}, iteration ${iteration}: try ${attempt()} of its plan\n`));
}

async function compact(now: Try): Promise<PlanOutput> {
  const { ports, transcripts, input, spec, draft, bill, pulse, kept } = now;
  pulse.say('compacting the transcript');
  const { dialect } = draft;
  const droppedDigest = await storeDropped(transcripts, draft, input);
  const watch = watchCall(pulse, kept, `summary of ${droppedDigest}`);
  const compaction = await compactTranscript(ports, {
    spec,
    dialect,
    transcript: whole(draft),
    input,
    watch,
  }).catch((error: unknown) => {
    throw bill.addFailed(dialect, error);
  });
  bill.add(dialect, compaction);
  const { transcript } = compaction;
  const tokens = dialect.estimateTokens(transcript);
  const { ref } = await transcripts.append(null, transcript, { tokens, dialect: dialect.id });
  const keptPrefixItems = keptOf(draft, input, compaction.keptPrefixItems);
  return {
    status: 'compacted',
    transcript: ref,
    compaction: { keptPrefixItems, droppedDigest },
    paid: bill.paid,
  };
}

async function respond(now: Try, request: ModelRequest): Promise<ModelResponse> {
  const { ports, draft, bill, pulse, kept } = now;
  const watch = watchCall(pulse, kept, requestDigest(request));
  const answer = await ports.model.respond(request, watch).catch((error: unknown) => {
    throw bill.addFailed(draft.dialect, error);
  });
  bill.add(draft.dialect, answer);
  if (answer.output.length > 0) return wellFormed(answer);
  kept.keep({ response: null });
  throw new LonghaulError(
    'model.bad_response',
    `the response ${answer.responseId} of ${answer.model} is empty`,
  );
}

async function finish(
  { ports: { artifacts }, transcripts, prefixes, authorize, input, draft, bill }: Try,
  request: ModelRequest,
  response: ModelResponse,
): Promise<PlanOutput> {
  const { dialect } = draft;
  const output = toTranscriptBytes(response.output);
  const tokens = dialect.estimateTokens(joinTranscripts(request.input, output));
  const calls = dialect.calls(response.output);
  const { maxActions } = input.pace;
  // Side by side: each is on disk before it is named, and a disk that syncs several at once takes hardly longer than for one.
  const [responseDigest, prefix, transcript, changed, actions] = await Promise.all([
    putJson(artifacts, response),
    prefixes.store(request),
    storeAnswered(transcripts, draft, output, tokens),
    changedPrefix(transcripts, draft, input),
    plannedActions(artifacts, input.iteration, maxActions, calls),
  ]);
  const decisions = await decideAhead(authorize, input, actions);
  return {
    status: 'planned',
    iteration: input.iteration,
    transcript,
    actions,
    steps: newestSteps(calls.slice(0, maxActions)),
    message: cutText(dialect.words(response.output), maxMessageCharacters),
    done: actions.length === 0,
    decisions,
    record: {
      requestDigest: requestDigest(request),
      ...prefix,
      responseDigest,
      model: response.model,
      responseId: response.responseId,
      attempts: attempt(),
      prefixChangedAt: changed?.keptPrefixItems ?? null,
      droppedDigest: changed?.droppedDigest ?? null,
      ...bill.paid,
    },
  };
}

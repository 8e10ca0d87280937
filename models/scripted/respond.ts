import type { TranscriptItem } from '../../contracts/model-client.ts';
import { isFromModel } from '../transcript.ts';
import { type Answer, refusal, responseAnswer } from './answer.ts';
import { expectationProblems, protocolProblems, seenOf } from './check-request.ts';
import { type ChosenTurn, chooseConversation, findTurn, turnMark, turnNumber } from './choose-turn.ts';
import type { ConversationLog, ConversationState } from './conversation-log.ts';
import { responseObject } from './events.ts';
import { contextExceeded, endedBy, faultAnswer } from './fault-answer.ts';
import { itemTokens } from './item-text.ts';
import { replyItems } from './reply-items.ts';
import { asksForSummary, type ScriptedRequest } from './request.ts';
import type { Fault, Scenario, ScriptedUsage } from './scenario.ts';
import { halfArguments, invalidUtf8 } from './spoil.ts';

export interface Responded {
  readonly answer: Answer;
  readonly delayMs: number;
  readonly conversation: string | null;
  /** Null when no turn was found, and for a summary. */
  readonly turn: number | null;
  readonly kind: 'turn' | 'summary' | 'refused';
  readonly fault: Fault['kind'] | null;
  /** What the server goes on with in the background, whatever becomes of the connection; null where it refuses to begin. */
  readonly response: TranscriptItem | null;
}

/** Answers one request. Which turn comes is a function of the request; the log only counts faults and checks the client. */
export function respondTo(scenario: Scenario, request: ScriptedRequest, log: ConversationLog): Responded {
  const conversation = chooseConversation(scenario, request.input);
  if (conversation === undefined) {
    return refuse(null, log.report('no conversation of the scenario matches what the person asks'), 500);
  }
  const key = request.prompt_cache_key ?? conversation.name;
  const state = log.get(key, conversation);
  const name = `${conversation.name} (${key})`;
  const [broken] = protocolProblems(request, state.seen);
  if (broken !== undefined) return refuse(conversation.name, log.report(`${name}: ${broken}`), 400);
  state.seen = seenOf(request);
  if (tooLarge(scenario, request)) return given(state, contextExceeded(), { fault: 'context_exceeded' });
  const number = turnNumber(request.input);
  if (asksForSummary(request)) return summarize(scenario, request, state, number);
  const chosen = findTurn(conversation, number);
  if (chosen === undefined) {
    return refuse(conversation.name, log.report(`${name}: turn ${number} is not in the scenario`), 500);
  }
  const [unexpected] = expectationProblems(chosen.turn.expect, request.input, chosen.n);
  if (unexpected !== undefined) {
    return refuse(conversation.name, log.report(`${name}: turn ${number}: ${unexpected}`), 500);
  }
  return giveTurn(scenario, request, state, chosen);
}

function giveTurn(
  scenario: Scenario,
  request: ScriptedRequest,
  state: ConversationState,
  chosen: ChosenTurn,
): Responded {
  const { turn, number } = chosen;
  const stream = request.stream === true && !scenario.plainJson;
  const common = { turn: number, delayMs: turn.delayMs };
  const fault = nextFault(state, chosen);
  if (fault?.kind === 'half_arguments') {
    const items = halfArguments(turnItems(request, chosen, `f${number}`));
    const half = complete(request, chosen, items);
    return given(state, responseAnswer(half, stream), { ...common, fault: fault.kind, response: half });
  }
  const response = complete(request, chosen, turnItems(request, chosen, `t${number}`));
  if (fault !== undefined && fault.kind !== 'invalid_utf8') {
    const begun = 'afterEvents' in fault ? { response: endedBy(fault, response) } : {};
    return given(state, faultAnswer(fault, response), { ...common, fault: fault.kind, ...begun });
  }
  state.lastTurn = Math.max(state.lastTurn, number);
  const answer = responseAnswer(response, stream);
  if (fault === undefined) return given(state, answer, { ...common, response });
  return given(state, invalidUtf8(response, stream), { ...common, fault: fault.kind, response });
}

function nextFault(state: ConversationState, { turn, number }: ChosenTurn): Fault | undefined {
  const given = state.faultsGiven.get(number) ?? 0;
  const fault = turn.faults.flatMap((one) => new Array<Fault>(one.times).fill(one))[given];
  if (fault !== undefined) state.faultsGiven.set(number, given + 1);
  return fault;
}

function turnItems(request: ScriptedRequest, chosen: ChosenTurn, turn: string): readonly TranscriptItem[] {
  return replyItems(chosen.turn.reply, { turn, n: chosen.n, tools: request.tools });
}

function complete(
  request: ScriptedRequest,
  chosen: ChosenTurn,
  output: readonly TranscriptItem[],
): TranscriptItem {
  const usage = chosen.turn.usage ?? computedUsage(request, output);
  return responseObject({
    id: `resp_t${chosen.number}`,
    model: request.model,
    output,
    usage: usageObject(usage),
  });
}

function summarize(
  scenario: Scenario,
  request: ScriptedRequest,
  state: ConversationState,
  number: number,
): Responded {
  // After this the client sends a shorter transcript; the mark in the summary still says which turn comes next, also when the summary
  // was asked of a part only.
  state.seen = null;
  const last = Math.max(number - 1, state.lastTurn);
  const text = `${state.conversation.summary} (${turnMark(last)})`;
  const output = replyItems([{ message: text }], { turn: `c${last}`, n: number, tools: request.tools });
  const usage = usageObject(computedUsage(request, output));
  const response = responseObject({ id: `resp_c${last}`, model: request.model, output, usage });
  return given(state, responseAnswer(response, request.stream === true && !scenario.plainJson), {
    kind: 'summary',
    response,
  });
}

function given(state: ConversationState, answer: Answer, rest: Partial<Responded>): Responded {
  return {
    answer,
    delayMs: 0,
    conversation: state.conversation.name,
    turn: null,
    kind: 'turn',
    fault: null,
    response: null,
    ...rest,
  };
}

function refuse(conversation: string | null, problem: string, status: 400 | 500): Responded {
  const answer = refusal(status, `scripted model: ${problem}`);
  return { answer, delayMs: 0, conversation, turn: null, kind: 'refused', fault: null, response: null };
}

function tooLarge(scenario: Scenario, request: ScriptedRequest): boolean {
  const limit = scenario.contextWindowTokens;
  return limit !== undefined && itemTokens([...request.input, ...request.tools]) > limit;
}

/** Four bytes a token; cached is what the request before this turn held, as with a provider whose cache always hits. */
function computedUsage(request: ScriptedRequest, output: readonly TranscriptItem[]): ScriptedUsage {
  const tools = itemTokens(request.tools);
  const lastFromModel = request.input.findLastIndex(isFromModel);
  const before = request.input.findLastIndex((item, index) => index < lastFromModel && !isFromModel(item));
  const cached = lastFromModel === -1 ? 0 : itemTokens(request.input.slice(0, before + 1)) + tools;
  return {
    input_tokens: itemTokens(request.input) + tools,
    cached_tokens: cached - (cached % 128),
    output_tokens: itemTokens(output),
    reasoning_tokens: itemTokens(output.filter((item) => item['type'] === 'reasoning')),
  };
}

function usageObject(usage: ScriptedUsage): TranscriptItem {
  return {
    input_tokens: usage.input_tokens,
    input_tokens_details: { cached_tokens: usage.cached_tokens },
    output_tokens: usage.output_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
    total_tokens: usage.input_tokens + usage.output_tokens,
  };
}

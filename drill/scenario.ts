import type { Moment, PlannedFault } from '../contracts/drill.ts';
import type { TranscriptItem } from '../contracts/model-client.ts';
import { itemId } from '../models/scripted/choose-turn.ts';
import type { Scenario, Turn } from '../models/scripted/scenario.ts';
import type { RecordedResponse } from './recording.ts';

/**
 * The recorded responses as a scenario: one turn for each iteration. Which turn a request asks for is then read off the ids of its items, so a
 * retry, a zombie and a resumed call get what belongs to their request. The ids are changed for that, and nothing else: no action's digest holds them.
 */
export function scenarioOf(
  { model, responses }: { readonly model: string; readonly responses: readonly RecordedResponse[] },
  faults: readonly PlannedFault[],
): Scenario {
  const turns = responses.map((response, index) => turnOf(response, index + 1, faults));
  return {
    model,
    plainJson: false,
    conversations: [{ name: 'recorded', match: '', turns, summary: 'The work so far.', optional: false }],
  };
}

function turnOf({ output, usage }: RecordedResponse, turn: number, faults: readonly PlannedFault[]): Turn {
  const dropped = faults.some((fault) => fault.kind === 'stream_dropped' && isAt(fault.moment, turn));
  return {
    reply: output.map((item, index) => ({ item: withTurn(item, turn, index) })),
    usage: {
      input_tokens: usage.inputTokens,
      cached_tokens: usage.cachedTokens,
      output_tokens: usage.outputTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    faults: dropped ? [{ kind: 'reset', times: 1, afterEvents: 3 }] : [],
    delayMs: 0,
    repeat: 1,
    optional: false,
  };
}

function isAt(moment: Moment, iteration: number): boolean {
  return moment.at === 'model' && moment.iteration === iteration;
}

function withTurn(item: TranscriptItem, turn: number, index: number): TranscriptItem {
  const call = item['call_id'] === undefined ? {} : { call_id: itemId('call', `t${turn}`, index) };
  return { ...item, id: itemId('item', `t${turn}`, index), ...call };
}

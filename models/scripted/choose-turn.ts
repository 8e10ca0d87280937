import type { TranscriptItem } from '../../contracts/model-client.ts';
import { isFromModel } from '../transcript.ts';
import { messageText } from './request.ts';
import type { Conversation, Scenario, Turn } from './scenario.ts';

/** One turn of a conversation, 1-based, with its number within a repeated one. */
export interface ChosenTurn {
  readonly turn: Turn;
  readonly number: number;
  readonly n: number;
}

/** The conversation whose `match` fits what people said before the model's first turn. */
export function chooseConversation(
  scenario: Scenario,
  input: readonly TranscriptItem[],
): Conversation | undefined {
  const first = input.findIndex(isFromModel);
  const said = (first === -1 ? input : input.slice(0, first)).map(messageText).join('\n');
  return scenario.conversations.find((conversation) => new RegExp(conversation.match, 'u').test(said));
}

/** Ids carry the turn, so that a shortened transcript still says where it is. */
export const itemId = (prefix: string, turn: string, index: number): string => `${prefix}_${turn}_${index}`;
export const turnMark = (turn: number): string => `scripted-turn-${turn}`;

/**
 * The number of the turn that a request asks for: one more than the newest that its input shows, by the ids of its items or by the mark
 * in a summary, else by counting. A pure function of the request: a retry, a replay and another client get the same turn.
 */
export function turnNumber(input: readonly TranscriptItem[]): number {
  const shown = input.map(turnShownBy).filter((turn) => turn > 0);
  return 1 + (shown.length > 0 ? Math.max(...shown) : countTurns(input));
}

function turnShownBy(item: TranscriptItem): number {
  if (item['role'] === 'user') return Number(/\bscripted-turn-(\d+)\b/.exec(messageText(item))?.[1] ?? 0);
  const ids = [item['id'], item['call_id']].filter((id) => typeof id === 'string');
  return Math.max(0, ...ids.map((id) => Number(/_t(\d+)_\d+$/.exec(id)?.[1] ?? 0)));
}

function countTurns(input: readonly TranscriptItem[]): number {
  return input.filter((item, index) => {
    const before = input[index - 1];
    return startsTurn(item) && (before === undefined || !startsTurn(before));
  }).length;
}

/** A turn that was spoiled by a fault is asked for again, and does not count. */
function startsTurn(item: TranscriptItem): boolean {
  return isFromModel(item) && !/_f\d+_\d+$/.test(String(item['call_id'] ?? item['id'] ?? ''));
}

/** Finds a turn by its number, through repeated ones; undefined past the end. */
export function findTurn(conversation: Conversation, number: number): ChosenTurn | undefined {
  let before = 0;
  for (const turn of conversation.turns) {
    if (number <= before + turn.repeat) return { turn, number, n: number - before };
    before += turn.repeat;
  }
  return undefined;
}

/** The last turn that has to be reached. */
export function lastRequiredTurn(conversation: Conversation): number {
  const required = conversation.turns.findLastIndex((turn) => !turn.optional);
  return conversation.turns.slice(0, required + 1).reduce((sum, turn) => sum + turn.repeat, 0);
}

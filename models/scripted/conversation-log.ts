import type { Seen } from './check-request.ts';
import { lastRequiredTurn } from './choose-turn.ts';
import type { Conversation, Scenario } from './scenario.ts';

/** What a scripted model remembers of one client conversation, named by its `prompt_cache_key`. Never decides which turn is given. */
export interface ConversationState {
  readonly key: string;
  readonly conversation: Conversation;
  /** How many answers with a fault each turn has had. */
  readonly faultsGiven: Map<number, number>;
  lastTurn: number;
  seen: Seen | null;
}

export interface ConversationLog {
  get(key: string, conversation: Conversation): ConversationState;
  /** Records what went wrong and gives it back. */
  report(problem: string): string;
  /** Everything that went wrong so far, with the turns that nobody has asked for. */
  problems(): readonly string[];
}

export function createConversationLog(scenario: Scenario): ConversationLog {
  const states = new Map<string, ConversationState>();
  const reported = new Set<string>();
  return {
    get(key, conversation) {
      const state = states.get(key) ?? {
        key,
        conversation,
        faultsGiven: new Map<number, number>(),
        lastTurn: 0,
        seen: null,
      };
      states.set(key, state);
      return state;
    },
    report(problem) {
      reported.add(problem);
      return problem;
    },
    problems: () => [
      ...reported,
      ...[...states.values()].flatMap(unfinished),
      ...unstarted(scenario, [...states.values()]),
    ],
  };
}

function unfinished(state: ConversationState): readonly string[] {
  const last = lastRequiredTurn(state.conversation);
  if (state.lastTurn >= last) return [];
  const { name } = state.conversation;
  return [`${name} (${state.key}): turns ${state.lastTurn + 1} to ${last} were never asked for`];
}

function unstarted(scenario: Scenario, states: readonly ConversationState[]): readonly string[] {
  return scenario.conversations
    .filter((one) => !one.optional && !states.some((state) => state.conversation === one))
    .map((one) => `${one.name}: never started`);
}

import type { Paid } from '../contracts/activities.ts';
import type { TokenUsage } from '../contracts/model-client.ts';

function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}

/** Unknown prices stay unknown. */
export function addPaid(paid: Paid, usage: TokenUsage, costUsd: number | null): Paid {
  return {
    usage: addUsage(paid.usage, usage),
    costUsd: paid.costUsd === null || costUsd === null ? null : paid.costUsd + costUsd,
  };
}

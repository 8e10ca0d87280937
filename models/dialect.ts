import type { ModelDialect } from '../contracts/model-dialect.ts';
import { compactTranscript, splitTranscript, summaryInput } from './compaction.ts';
import { developerText } from './developer-text.ts';
import { parseCalls } from './parse-call.ts';
import { costUsd, type ModelProfile } from './profile.ts';
import { commandOutputText, cutMiddle, outputItem } from './tool-output.ts';
import { toolDefinitions } from './tools.ts';
import { bytesPerToken, firstItemCount, firstItems, messageItem, outputText } from './transcript.ts';

/** What one response writes at most before a budget in money counts it as the worst case; the budget may be passed by one call. */
const worstOutputTokens = 16_000;
/** Share of the context window that a compaction keeps word for word, and that a summary may be asked about. */
const keepShare = 0.2;
const summarizeShare = 0.8;

/** Speaks to one model as its profile says. */
export function createDialect(model: string, profile: ModelProfile): ModelDialect {
  const { contextWindowTokens, price } = profile;
  const cut = { prefixItems: firstItemCount, keepTokens: Math.floor(contextWindowTokens * keepShare) };
  return {
    model,
    contextWindowTokens,
    tools: toolDefinitions(profile),
    firstItems: (input) => firstItems({ instructions: developerText, ...input }),
    message: (text) => messageItem('user', text),
    calls: parseCalls,
    answer: outputItem,
    commandText: (outcome) => commandOutputText(outcome),
    cut: (output, maxTokens) => cutMiddle(output, maxTokens),
    words: outputText,
    estimateTokens: ({ json }) => Math.ceil(json.byteLength / bytesPerToken),
    toSummarize: (items) =>
      summaryInput(splitTranscript(items, cut), Math.floor(contextWindowTokens * summarizeShare)),
    compacted: (items, summary, pinned) => compactTranscript({ items, summary, pinned, cut }).items,
    costUsd: (usage) => costUsd(usage, price),
    worstCaseUsd: (inputTokens) =>
      costUsd({ inputTokens, cachedTokens: 0, outputTokens: worstOutputTokens, reasoningTokens: 0 }, price),
  };
}

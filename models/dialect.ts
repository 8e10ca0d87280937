import type { ModelDialect } from '../contracts/model-dialect.ts';
import { compactTranscript, splitTranscript, summaryInput } from './compaction.ts';
import { developerText } from './developer-text.ts';
import { parseCalls } from './parse-call.ts';
import { costUsd, type ModelProfile } from './profile.ts';
import { rewriteTranscript } from './rewrite-transcript.ts';
import { commandOutputText, cutMiddle, defaultMaxOutputTokens, outputItem } from './tool-output.ts';
import { toolDefinitions } from './tools.ts';
import { bytesPerToken, firstItemCount, firstItems, messageItem, outputText } from './transcript.ts';

/** What one response writes at most before a budget in money counts it as the worst case; the budget may be passed by one call. */
const worstOutputTokens = 16_000;
/** Share of the context window that a compaction keeps word for word, and that a summary may be asked about. */
const keepShare = 0.2;
const summarizeShare = 0.8;
/** Share of the window for the last iteration alone, and for the outputs of one iteration, so that they fit into it. */
const keepLastShare = 0.6;
const outputsShare = 0.4;

/** Speaks to one model as its profile says. */
export function createDialect(model: string, profile: ModelProfile): ModelDialect {
  const { contextWindowTokens, price } = profile;
  const shareOf = (share: number) => Math.floor(contextWindowTokens * share);
  const cut = {
    prefixItems: firstItemCount,
    keepTokens: shareOf(keepShare),
    keepLastTokens: shareOf(keepLastShare),
  };
  return {
    model,
    id: `${model} ${profile.commandTool} ${profile.patchTool}`,
    contextWindowTokens,
    tools: toolDefinitions(profile),
    firstItems: (input) => firstItems({ instructions: developerText, ...input }),
    message: (text) => messageItem('user', text),
    calls: parseCalls,
    answer: outputItem,
    maxOutputTokens: (calls) => Math.min(defaultMaxOutputTokens, Math.floor(shareOf(outputsShare) / calls)),
    commandText: commandOutputText,
    cut: (output, maxTokens) => cutMiddle(output, maxTokens),
    words: outputText,
    estimateTokens: ({ json }) => Math.ceil(json.byteLength / bytesPerToken),
    rewritten: (items) => rewriteTranscript(items, profile),
    toSummarize: (items) => summaryInput(splitTranscript(items, cut), shareOf(summarizeShare)),
    compacted: (items, summary, pinned) => compactTranscript({ items, summary, pinned, cut }).items,
    costUsd: (usage) => costUsd(usage, price),
    worstCaseUsd: (inputTokens) =>
      costUsd({ inputTokens, cachedTokens: 0, outputTokens: worstOutputTokens, reasoningTokens: 0 }, price),
  };
}

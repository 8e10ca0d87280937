import type { PlanStep } from '../contracts/action.ts';
import type { TranscriptItem } from '../contracts/model-client.ts';
import { answeredIdOf, callIdOf, estimateTokens, isFromModel, messageItem } from './transcript.ts';

/** What survives every compaction, from the task's state and not from the model's memory. */
export interface Pinned {
  readonly goal: string;
  /** The constraints of the start, and everything people have said since. */
  readonly constraints: readonly string[];
  readonly plan: readonly PlanStep[];
  readonly touchedFiles: readonly string[];
  /** One line a check, as the last evaluation saw it. */
  readonly lastChecks: readonly string[];
}

export interface CompactionCut {
  /** How many items at the start stay as they are. */
  readonly prefixItems: number;
  /** How many tokens of the last iterations are kept word for word. */
  readonly keepTokens: number;
  /** The last iteration is kept up to this size, when it alone is over `keepTokens`: its results are what the model goes on from. */
  readonly keepLastTokens: number;
}

export interface SplitTranscript {
  readonly prefix: readonly TranscriptItem[];
  /** What a compaction takes out. */
  readonly dropped: readonly TranscriptItem[];
  readonly kept: readonly TranscriptItem[];
}

/**
 * Splits a transcript for compaction. The cut lies between iterations: a call and its output are never parted, nor reasoning from what
 * follows it. Of a last iteration over `keepLastTokens` only what checks and people said after it is kept.
 */
export function splitTranscript(items: readonly TranscriptItem[], cut: CompactionCut): SplitTranscript {
  const prefix = items.slice(0, cut.prefixItems);
  const iterations = toIterations(items.slice(cut.prefixItems));
  let first = iterations.length;
  let tokens = 0;
  while (first > 0) {
    tokens += estimateTokens(iterations[first - 1] ?? []);
    if (tokens > (first === iterations.length ? cut.keepLastTokens : cut.keepTokens)) break;
    first -= 1;
  }
  const said = first === iterations.length ? saidLast(items, cut) : [];
  const kept = [...iterations.slice(first).flat(), ...said];
  return { prefix, dropped: items.slice(cut.prefixItems, items.length - kept.length), kept };
}

/** The messages at the end, which answer no call; none when even they are too long. */
function saidLast(items: readonly TranscriptItem[], { prefixItems, keepLastTokens }: CompactionCut) {
  const start = items.findLastIndex((item) => item['type'] !== 'message' || isFromModel(item)) + 1;
  const said = items.slice(Math.max(start, prefixItems));
  return estimateTokens(said) > keepLastTokens ? [] : said;
}

/**
 * The input that a summary is asked for: the prefix and what will be dropped, in the bytes that the provider has cached. What is over
 * `maxTokens` is left out from its end.
 */
export function summaryInput(split: SplitTranscript, maxTokens: number): readonly TranscriptItem[] {
  const iterations = toIterations(split.dropped);
  let tokens = estimateTokens(split.prefix);
  const input = [...split.prefix];
  for (const iteration of iterations) {
    tokens += estimateTokens(iteration);
    if (tokens > maxTokens) break;
    input.push(...iteration);
  }
  return input;
}

/** The transcript after a compaction: the prefix byte for byte, one message with what is pinned and the summary, and the last iterations as they were. */
export function compactTranscript(input: {
  readonly items: readonly TranscriptItem[];
  readonly summary: string;
  readonly pinned: Pinned;
  readonly cut: CompactionCut;
}): { readonly items: readonly TranscriptItem[]; readonly dropped: readonly TranscriptItem[] } {
  const { prefix, dropped, kept } = splitTranscript(input.items, input.cut);
  const message = messageItem('user', compactionText(input.pinned, input.summary));
  return { items: [...prefix, message, ...kept], dropped };
}

function toIterations(items: readonly TranscriptItem[]): readonly (readonly TranscriptItem[])[] {
  const iterations: TranscriptItem[][] = [];
  const open = new Set<string>();
  let previousFromModel = false;
  for (const item of items) {
    const fromModel = isFromModel(item);
    const begins = fromModel && !previousFromModel && open.size === 0;
    const current = iterations.at(-1);
    if (begins || current === undefined) iterations.push([item]);
    else current.push(item);
    previousFromModel = fromModel;
    const called = callIdOf(item);
    if (called !== undefined) open.add(called);
    open.delete(answeredIdOf(item) ?? '');
  }
  return iterations;
}

function compactionText(pinned: Pinned, summary: string): string {
  const marks = { completed: '[x]', in_progress: '[>]', pending: '[ ]' } as const;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Goal', [pinned.goal]],
    ['Constraints', pinned.constraints.map((constraint) => `- ${constraint}`)],
    ['Plan', pinned.plan.map((step) => `${marks[step.status]} ${step.step}`)],
    ['Files changed so far', pinned.touchedFiles.map((path) => `- ${path}`)],
    ['Last check results', pinned.lastChecks.map((check) => `- ${check}`)],
    ['Summary of the work so far', [summary.trim()]],
  ];
  const body = sections
    .filter(([, lines]) => lines.some((text) => text !== ''))
    .map(([title, lines]) => `# ${title}\n${lines.join('\n')}`);
  return [
    'The conversation before this point was shortened by Longhaul. Earlier outputs are no longer here: read a file again where you need it. The summary is your own, the rest comes from the records of the task.',
    ...body,
  ].join('\n\n');
}

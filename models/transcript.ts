import { z } from 'zod';
import type { ModelRequest, TranscriptItem } from '../contracts/model-client.ts';
import { joinTranscripts, toTranscriptBytes } from '../contracts/transcript-bytes.ts';

type MessageRole = 'developer' | 'user';

export interface FirstItems {
  /** The base text for the model; the same for every task, so that tasks share a cached prefix. */
  readonly instructions: string;
  /** What perceive found: conventions, map, tools, checks and their baseline. */
  readonly contextText: string;
  readonly instruction: string;
  readonly constraints: readonly string[];
}

/** How many items `firstItems` gives: the prefix that no compaction ever touches. */
export const firstItemCount = 3;

/** The beginning of every transcript. Stable: the same input gives the same bytes; no date, no path of this machine. */
export function firstItems(input: FirstItems): readonly TranscriptItem[] {
  const rules = input.constraints.map((constraint) => `- ${constraint}`).join('\n');
  const constraints = rules === '' ? '' : `\n\n# Constraints\n${rules}`;
  return [
    messageItem('developer', input.instructions),
    messageItem('user', input.contextText),
    messageItem('user', `# Task\n${input.instruction}${constraints}`),
  ];
}

/** A message of Longhaul (`developer`) or of people and checks (`user`). */
export function messageItem(role: MessageRole, text: string): TranscriptItem {
  return { type: 'message', role, content: [{ type: 'input_text', text }] };
}

const summaryPrompt = `Stop working for a moment: the conversation is about to be shortened. Write what somebody needs who goes on in your place and has read nothing of it. Say what was done and in which files, what was found out about this code base, what was tried and failed and why, what the checks say, and what comes next. Name paths, commands and identifiers exactly. Leave out what the files themselves tell. Answer with the text alone; call no tool.`;

/** The request that asks for a summary of the same transcript. Only a last message is new, so that the provider's cache still hits. */
export function summaryRequest(request: ModelRequest): ModelRequest {
  const question = toTranscriptBytes([messageItem('user', summaryPrompt)]);
  return { ...request, input: joinTranscripts(request.input, question) };
}

const MessageSchema = z.object({
  type: z.literal('message'),
  content: z.array(z.object({ type: z.literal('output_text'), text: z.string() }).or(z.object({}))),
});

/** The words of the model among its output items; empty when it said nothing. */
export function outputText(output: readonly TranscriptItem[]): string {
  return output
    .flatMap((item) => MessageSchema.safeParse(item).data?.content ?? [])
    .flatMap((part) => ('text' in part ? [part.text] : []))
    .join('\n')
    .trim();
}

/** What a token is taken for where nobody has counted. */
export const bytesPerToken = 4;

/** About how many tokens the items are: four bytes of their JSON each. Good enough to know when to compact, never to pay by. */
export function estimateTokens(items: readonly TranscriptItem[]): number {
  const bytes = items.reduce((sum, item) => sum + Buffer.byteLength(JSON.stringify(item)), 0);
  return Math.ceil(bytes / bytesPerToken);
}

const callTypes: readonly unknown[] = ['function_call', 'custom_tool_call'];
const outputTypes: readonly unknown[] = ['function_call_output', 'custom_tool_call_output'];

/** The id of the call that an item makes. */
export function callIdOf(item: TranscriptItem): string | undefined {
  return callTypes.includes(item['type']) && typeof item['call_id'] === 'string'
    ? item['call_id']
    : undefined;
}

/** The id of the call that an item answers. */
export function answeredIdOf(item: TranscriptItem): string | undefined {
  return outputTypes.includes(item['type']) && typeof item['call_id'] === 'string'
    ? item['call_id']
    : undefined;
}

/** Whether the model wrote an item. */
export function isFromModel(item: TranscriptItem): boolean {
  if (outputTypes.includes(item['type'])) return false;
  return item['type'] === undefined || item['type'] === 'message' ? item['role'] === 'assistant' : true;
}

/** What is wrong with a transcript that is about to be sent; empty when each call has one output after it, and each output a call before it. */
export function transcriptProblems(items: readonly TranscriptItem[]): readonly string[] {
  const problems: string[] = [];
  const open = new Set<string>();
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const callId = callIdOf(item);
    if (callId !== undefined) {
      if (callId === '') problems.push(`item ${index}: a call without an id`);
      if (seen.has(callId)) problems.push(`item ${index}: the call ${callId} appears twice`);
      seen.add(callId);
      open.add(callId);
    }
    const answered = answeredIdOf(item);
    if (answered !== undefined && !open.delete(answered)) {
      problems.push(`item ${index}: an output for ${answered}, which is no open call`);
    }
  }
  return [...problems, ...[...open].map((callId) => `the call ${callId} has no output`)];
}

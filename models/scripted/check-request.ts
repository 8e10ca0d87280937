import type { TranscriptItem } from '../../contracts/model-client.ts';
import { answeredIdOf, callIdOf, isFromModel, transcriptProblems } from '../transcript.ts';
import { itemText } from './item-text.ts';
import { asksForSummary, type ScriptedRequest } from './request.ts';
import type { Expectation } from './scenario.ts';
import { fillTemplate } from './template.ts';

/** What a conversation's last request looked like. */
export interface Seen {
  readonly items: readonly string[];
  readonly tools: string;
  readonly model: string;
}

/** What is wrong with a request whatever the scenario says: calls without outputs, a changed prefix, other tools, what another model left. */
export function protocolProblems(request: ScriptedRequest, seen: Seen | null): readonly string[] {
  const problems = [...transcriptProblems(request.input)];
  if (seen === null) return problems;
  if (seen.model !== request.model) return [...problems, ...foreignItems(request)];
  // A summary is asked for with one message more, after a shorter or an equal input.
  const input = asksForSummary(request) ? request.input.slice(0, -1) : request.input;
  const changed = firstDifference(seen.items, input);
  if (changed !== undefined) problems.push(`input item ${changed} is not what it was in the request before`);
  if (JSON.stringify(request.tools) !== seen.tools)
    problems.push('the tools are not what they were in the request before');
  return problems;
}

export function seenOf(request: ScriptedRequest): Seen {
  return { items: request.input.map(itemText), tools: JSON.stringify(request.tools), model: request.model };
}

/** What the model before wrote and this one cannot read: encrypted reasoning, and calls in a form that it has no tool for. */
function foreignItems({ input, tools }: ScriptedRequest): readonly string[] {
  const forms = tools.map((tool) => `${String(tool['type'])} ${String(tool['name'])}`);
  return input.flatMap((item, index) => {
    if (item['type'] === 'reasoning') return [`input item ${index} is reasoning of another model`];
    if (callIdOf(item) === undefined) return [];
    const form = `${item['type'] === 'custom_tool_call' ? 'custom' : 'function'} ${String(item['name'])}`;
    return forms.includes(form) ? [] : [`input item ${index} calls a tool that is not offered: ${form}`];
  });
}

/** One input has to begin with the other: a retry of an older request is fine. */
function firstDifference(before: readonly string[], input: readonly TranscriptItem[]): number | undefined {
  const common = Math.min(before.length, input.length);
  for (let index = 0; index < common; index += 1) {
    const item = input[index];
    if (item === undefined || before[index] !== itemText(item)) return index;
  }
  return undefined;
}

/** What a turn expects of the newest items and does not find. */
export function expectationProblems(
  expected: Expectation | undefined,
  input: readonly TranscriptItem[],
  n: number,
): readonly string[] {
  if (expected === undefined) return [];
  const newest = input.slice(input.findLastIndex(isFromModel) + 1);
  const outputs = newest.filter((item) => answeredIdOf(item) !== undefined).length;
  const text = newest.flatMap((item) => stringsOf([item['output'], item['content']])).join('\n');
  const problems: string[] = [];
  if (expected.outputs !== undefined && outputs !== expected.outputs) {
    problems.push(`expected ${expected.outputs} outputs, found ${outputs}`);
  }
  const show = `in the newest items: ${JSON.stringify(text.slice(0, 2000))}`;
  for (const wanted of expected.contains.map((part) => fillTemplate(part, n))) {
    if (!text.includes(wanted)) problems.push(`expected ${JSON.stringify(wanted)} ${show}`);
  }
  for (const unwanted of expected.notContains.map((part) => fillTemplate(part, n))) {
    if (text.includes(unwanted)) problems.push(`did not expect ${JSON.stringify(unwanted)} ${show}`);
  }
  for (const source of expected.matches.map((part) => fillTemplate(part, n))) {
    if (!new RegExp(source, 'mu').test(text)) problems.push(`expected a match of /${source}/ ${show}`);
  }
  return problems;
}

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { compactTranscript, splitTranscript, summaryInput } from '../../../models/compaction.ts';
import {
  estimateTokens,
  firstItemCount,
  firstItems,
  messageItem,
  transcriptProblems,
} from '../../../models/transcript.ts';

const prefix = firstItems({
  instructions: 'base',
  contextText: 'context',
  instruction: 'goal',
  constraints: [],
});
const pinned = {
  goal: 'rename X to Y',
  constraints: ['no new dependency'],
  plan: [
    { step: 'look', status: 'completed' as const },
    { step: 'act', status: 'in_progress' as const },
  ],
  touchedFiles: ['src/a.ts'],
  lastChecks: ['test: failed, exit code 1'],
};

interface IterationShape {
  readonly reasoning: boolean;
  readonly calls: number;
  readonly size: number;
  readonly feedback: boolean;
}

function iteration(shape: IterationShape, index: number): readonly TranscriptItem[] {
  const ids = Array.from({ length: shape.calls }, (_, at) => `call_${index}_${at}`);
  return [
    ...(shape.reasoning ? [{ type: 'reasoning', id: `rs_${index}`, encrypted_content: 'x' }] : []),
    ...(shape.calls === 0 ? [{ type: 'message', role: 'assistant', id: `msg_${index}`, content: [] }] : []),
    ...ids.map((id) => ({ type: 'function_call', call_id: id, name: 'exec_command', arguments: '{}' })),
    ...ids
      .toReversed()
      .map((id) => ({ type: 'function_call_output', call_id: id, output: 'o'.repeat(shape.size) })),
    ...(shape.feedback || shape.calls === 0 ? [messageItem('user', `checks of ${index}`)] : []),
  ];
}

const shapes = fc.array(
  fc.record({ reasoning: fc.boolean(), calls: fc.nat(3), size: fc.nat(400), feedback: fc.boolean() }),
  { maxLength: 12 },
);

describe('compaction', () => {
  test('keeps prefix, pairs and the last iterations, and loses nothing unnamed, whatever the transcript', () => {
    fc.assert(
      fc.property(shapes, fc.nat(1200), fc.nat(800), (all, keepTokens, more) => {
        const iterations = all.map(iteration);
        const items = [...prefix, ...iterations.flat()];
        const cut = { prefixItems: firstItemCount, keepTokens, keepLastTokens: keepTokens + more };
        const compacted = compactTranscript({ items, summary: 'S', pinned, cut });
        const kept = compacted.items.slice(firstItemCount + 1);
        expect(JSON.stringify(compacted.items.slice(0, firstItemCount))).toBe(JSON.stringify(prefix));
        expect([...prefix, ...compacted.dropped, ...kept]).toEqual(items);
        expect(transcriptProblems(compacted.items)).toEqual([]);
        expect(transcriptProblems(compacted.dropped)).toEqual([]);
        expect(estimateTokens(kept)).toBeLessThanOrEqual(keepTokens + more);
        const last = iterations.at(-1) ?? [];
        if (estimateTokens(kept) > keepTokens) expect(kept).toEqual(last.slice(-kept.length));
        const whole = iterations.some((_, at) => iterations.slice(at).flat().length === kept.length);
        expect(whole || kept.every((item) => item['role'] === 'user')).toBe(true);
        if (last.length > 0 && estimateTokens(last) <= keepTokens + more)
          expect(kept.length).toBeGreaterThanOrEqual(last.length);
      }),
    );
  });

  test('pins goal, constraints, plan, files and checks beside the summary', () => {
    const { items } = compactTranscript({
      items: prefix,
      summary: ' It went well. ',
      pinned,
      cut: { prefixItems: firstItemCount, keepTokens: 0, keepLastTokens: 0 },
    });
    const text = JSON.stringify(items[firstItemCount]);
    for (const part of [
      'rename X to Y',
      'no new dependency',
      '[x] look',
      '[>] act',
      'src/a.ts',
      'test: failed, exit code 1',
      '\\nIt went well."',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('keeps the results of the last iteration although they are over what is kept of the work', () => {
    const shape = { reasoning: true, calls: 3, size: 400, feedback: true };
    const last = iteration(shape, 1);
    const cut = { prefixItems: firstItemCount, keepTokens: 100, keepLastTokens: 600 };
    const { kept } = splitTranscript([...prefix, ...iteration(shape, 0), ...last], cut);
    expect(kept).toEqual(last);
  });

  test('keeps what checks and people said last, where the last iteration is too large to be kept', () => {
    const items = [
      ...prefix,
      ...iteration({ reasoning: true, calls: 3, size: 400, feedback: true }, 0),
      messageItem('user', 'ann says: mind the tests'),
    ];
    const cut = { prefixItems: firstItemCount, keepTokens: 100, keepLastTokens: 100 };
    const { kept, dropped } = splitTranscript(items, cut);
    expect(kept).toEqual(items.slice(-2));
    expect([...prefix, ...dropped, ...kept]).toEqual(items);
  });

  test('never parts a call from an output that comes late', () => {
    const items = [
      { type: 'function_call', call_id: 'late', name: 'exec_command', arguments: '{}' },
      messageItem('user', 'wait'),
      { type: 'message', role: 'assistant', content: [] },
      { type: 'function_call_output', call_id: 'late', output: 'x' },
    ];
    const { kept, dropped } = splitTranscript(items, { prefixItems: 0, keepTokens: 40, keepLastTokens: 40 });
    expect([kept.length, dropped.length]).toEqual([0, 4]);
  });

  test('done twice, the second takes the place of the first', () => {
    const cut = { prefixItems: firstItemCount, keepTokens: 0, keepLastTokens: 0 };
    const shape = { reasoning: true, calls: 1, size: 10, feedback: false };
    const once = compactTranscript({
      items: [...prefix, ...iteration(shape, 0)],
      summary: 'first',
      pinned,
      cut,
    });
    const twice = compactTranscript({
      items: [...once.items, ...iteration(shape, 1)],
      summary: 'second',
      pinned,
      cut,
    });
    expect(twice.items).toHaveLength(firstItemCount + 1);
    expect(JSON.stringify(twice.items)).not.toContain('first');
    expect(JSON.stringify(twice.dropped)).toContain('first');
  });

  test('asks for a summary of the bytes that are cached, without what is too much', () => {
    const shape = { reasoning: false, calls: 1, size: 400, feedback: false };
    const items = [...prefix, ...[0, 1, 2].flatMap((index) => iteration(shape, index))];
    const split = splitTranscript(items, { prefixItems: firstItemCount, keepTokens: 0, keepLastTokens: 0 });
    expect(summaryInput(split, 1_000_000)).toEqual(items);
    const short = summaryInput(split, estimateTokens(prefix) + 320);
    expect(short).toEqual(items.slice(0, firstItemCount + 4));
    expect(transcriptProblems(short)).toEqual([]);
  });
});

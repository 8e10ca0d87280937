import { describe, expect, test } from 'vitest';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { transcriptProblems } from '../../../models/transcript.ts';
import { mortal, WorkerDied } from '../../helpers/mortal-ports.ts';
import { makePlanPlay, type SentRequest } from '../../helpers/plan-play.ts';
import { artifactText } from '../../helpers/task-fixture.ts';

const newest = (before: SentRequest | undefined, after: SentRequest | undefined): readonly TranscriptItem[] =>
  after?.input.slice(before?.input.length ?? 0) ?? [];
const textsOf = (items: readonly TranscriptItem[]): string[] =>
  items.map((item) =>
    typeof item['output'] === 'string' ? item['output'] : JSON.stringify(item['content'] ?? item['type']),
  );

describe('the transcript', () => {
  test('only grows over iterations with every kind of outcome, and each call has one answer', async () => {
    const play = await makePlanPlay({
      turns: [
        { reply: [{ message: 'Looking.' }, { exec_command: 'ls' }, { apply_patch: 'P' }] },
        {
          reply: [
            { reasoning: 'hm' },
            { exec_command: 'rm -rf /' },
            { call: { name: 'fly', arguments: '{}' } },
          ],
        },
        { reply: Array.from({ length: 9 }, (_, n) => ({ exec_command: `echo ${n}` })) },
        { reply: [{ exec_command: 'sleep 1' }, { call: { name: 'exec_command', arguments: '{"cmd":' } }] },
        {
          reply: [
            { update_plan: { plan: [{ step: 'one', status: 'in_progress' }] } },
            { ask_human: 'which?' },
          ],
        },
        { reply: [{ message: 'Done.' }] },
        { reply: [{ message: 'Done now.' }] },
      ],
    });
    const { artifacts } = play.task.ports;
    const put = (text: string) => artifacts.put(new TextEncoder().encode(text));
    const listing = await put('README.md\nsrc\n');
    const applied = await put('Success.');
    await play.iterate(
      {},
      {
        observations: {
          'i1.a1': { outputDigest: listing, exitCode: 0, durationMs: 1500 },
          'i1.a2': { status: 'failed', exitCode: 1, outputDigest: applied },
        },
        evaluate: {
          checks: [
            {
              name: 'npm test',
              status: 'failed',
              exitCode: 1,
              outputDigest: await put('1 fails'),
              durationMs: 5,
              cached: false,
            },
          ],
          reason: 'failing: npm test',
        },
      },
    );
    await play.iterate(
      { steers: [{ by: 'ann', text: 'mind the tests' }] },
      {
        observations: {
          'i2.a1': { status: 'denied', exitCode: null, note: 'denied by builtin/x: no' },
          'i2.a2': { status: 'failed', exitCode: null, note: 'unsupported call: fly' },
        },
      },
    );
    await play.iterate(
      { notices: ['rolled back to iteration 1'] },
      {
        observations: { 'i3.a1': { status: 'lost', exitCode: null, note: 'The sandbox was lost.' } },
        evaluate: { next: 'replan', reason: 'the same checks failed the same way twice in a row' },
      },
    );
    await play.iterate(
      {},
      { observations: { 'i4.a1': { status: 'timed_out', exitCode: null, outputDigest: listing } } },
    );
    await play.iterate({}, { observations: { 'i5.a2': { note: 'ann answers: the first' } } });
    const done = await play.iterate({}, { evaluate: { reason: 'failing: npm test' } });
    expect(done.done).toBe(true);
    await play.iterate();

    const requests = play.requests();
    expect(requests).toHaveLength(7);
    for (const [index, request] of requests.entries()) {
      expect(transcriptProblems(request.input)).toEqual([]);
      const before = requests[index - 1];
      if (before === undefined) continue;
      expect(request.inputText.startsWith(before.inputText)).toBe(true);
      expect(request.tools).toBe(before.tools);
    }
    const answers = requests.map(
      (request, index) =>
        newest(requests[index - 1], request).filter((item) => String(item['type']).endsWith('_output'))
          .length,
    );
    expect(answers).toEqual([0, 2, 2, 9, 2, 2, 0]);
    const said = requests.map((request, index) => textsOf(newest(requests[index - 1], request)).join('\n'));
    expect(said[1]).toContain(
      'Process exited with code 0\nWall time: 1.5 seconds\nOutput:\nREADME.md\nsrc\n',
    );
    expect(said[1]).toMatch(/failed: npm test.*exit code 1.*1 fails/);
    expect(said[1]).toContain('ann says: mind the tests');
    expect(said[2]).toContain('denied by builtin/x: no');
    expect(said[2]).toContain('rolled back to iteration 1');
    expect(said[3]).toContain('The sandbox was lost.');
    expect(said[3]).toMatch(/Change your approach: the same checks failed/);
    expect(said[4]).toContain('Process ran out of time and was ended');
    expect(said[5]).toContain('ann answers: the first');
    expect(said[6]).toContain('You said that you are done; the checks decide: failing: npm test.');
    expect(play.server.problems()).toEqual([]);
  });

  test('begins with the context, the task and its constraints, and what people said before', async () => {
    const play = await makePlanPlay(
      { turns: [{ reply: [{ message: 'm' }] }] },
      { spec: { instruction: 'Rename it', constraints: ['no new package'] } },
    );
    await play.iterate({ steers: [{ by: 'bob', text: 'quickly' }], notices: ['the sandbox was lost'] });
    const texts = textsOf(play.requests()[0]?.input ?? []);
    expect(texts).toHaveLength(5);
    expect(texts[1]).toContain('A small repository.');
    expect(texts[2]).toContain('# Task\\nRename it\\n\\n# Constraints\\n- no new package');
    expect(texts[3]).toContain('the sandbox was lost');
    expect(texts[4]).toContain('bob says: quickly');
  });

  test('tells calls over the number of the pace that they were not run', async () => {
    const play = await makePlanPlay({
      turns: [{ reply: [{ exec_command: 'a' }, { exec_command: 'b' }] }, { reply: [{ message: 'm' }] }],
    });
    const { actions } = await play.iterate({ pace: { maxActions: 1, effort: 'low', checkDepth: 'all' } });
    expect(actions.map(({ id, kind, summary }) => [id, kind, summary])).toEqual([
      ['i1.a1', 'shell', 'a'],
      ['i1.a2', 'invalid', expect.stringContaining('not run: an iteration takes at most 1 calls now')],
    ]);
  });

  test('names no more actions than history should hold, and answers every call all the same', async () => {
    const calls = Array.from({ length: 200 }, (_, index) => ({ exec_command: `echo ${index}` }));
    const play = await makePlanPlay({ turns: [{ reply: calls }, { reply: [{ message: 'm' }] }] });
    expect((await play.iterate()).actions).toHaveLength(24);
    await play.iterate();
    const outputs = play.requests()[1]?.input.filter((item) => item['type'] === 'function_call_output');
    expect(outputs).toHaveLength(200);
    expect(outputs?.at(-1)).toMatchObject({
      output: expect.stringContaining('not run: an iteration takes at most 24'),
    });
    expect(play.server.problems()).toEqual([]);
  });

  test('survives half of a character from the model, and reads the same from the store as it was sent', async () => {
    const half = '{"cmd":"echo \\\\ud83d","justification":"\\ud83d"}';
    const play = await makePlanPlay({
      turns: [
        { reply: [{ message: 'x\uD83D' }, { call: { name: 'exec_command', arguments: half } }] },
        { reply: [{ message: 'm' }] },
      ],
    });
    const first = await play.iterate({ steers: [{ by: 'ann', text: 'y\uDC00' }] });
    expect(first.message).toBe('x\uFFFD');
    await play.iterate();
    const [one, two] = play.requests();
    expect(two?.inputText.startsWith(one?.inputText ?? '-')).toBe(true);
    expect(play.server.problems()).toEqual([]);
  });
});

describe('plan, tried again', () => {
  test('after a death at any call asks the model at most once more, and the transcript is not doubled', async () => {
    const turn = { reply: [{ message: 'Hm.' }, { exec_command: 'ls' }] };
    const deaths: string[] = [];
    for (let dieAfter = 1; ; dieAfter++) {
      const play = await makePlanPlay({
        turns: [turn, { ...turn, optional: true }, { ...turn, optional: true }],
      });
      await play.iterate();
      const input = play.input();
      const { ports, calls } = mortal(play.task.ports, dieAfter);
      const first = await play.plan(input, ports).catch((error: unknown) => error);
      const second = await play.plan(input);
      const asked = play.requests().slice(1);
      expect(asked.length).toBeLessThanOrEqual(2);
      expect(new Set(asked.map(({ inputText }) => inputText)).size).toBe(1);
      if (second.status !== 'planned') throw new Error('expected a plan');
      // Developer, context, task, two items of the first answer, one output, two of the second answer.
      expect(second.transcript.items).toBe(8);
      expect(second.actions.map(({ id }) => id)).toEqual(['i2.a1']);
      if (!(first instanceof WorkerDied)) break;
      deaths.push(calls.at(-1) ?? '');
    }
    expect(deaths).toContain('model.respond');
    expect(deaths.filter((call) => call === 'artifacts.put').length).toBeGreaterThan(2);
  });
});

describe('the record of a plan', () => {
  test('names what was asked and answered by digests, and counts the try', async () => {
    const play = await makePlanPlay(
      {
        turns: [
          {
            reply: [{ update_plan: { plan: [{ step: 'one', status: 'completed' }] } }],
            usage: { input_tokens: 1000, cached_tokens: 400, output_tokens: 100, reasoning_tokens: 60 },
          },
        ],
      },
      {
        profiles: {
          scripted: { price: { inputUsdPerMTok: 10, cachedInputUsdPerMTok: 1, outputUsdPerMTok: 100 } },
        },
      },
    );
    const planned = await play.iterate();
    const { record } = planned;
    expect(record).toMatchObject({
      model: 'scripted',
      attempts: 1,
      usage: { inputTokens: 1000, cachedTokens: 400, outputTokens: 100, reasoningTokens: 60 },
      prefixChangedAt: null,
      droppedDigest: null,
    });
    expect(record.costUsd).toBeCloseTo((600 * 10 + 400 + 100 * 100) / 1e6);
    const response: unknown = JSON.parse(await artifactText(play.task.ports, record.responseDigest));
    expect(response).toMatchObject({ responseId: record.responseId, output: [{ type: 'function_call' }] });
    expect(await artifactText(play.task.ports, record.instructionsDigest)).toContain('"role":"developer"');
    expect(JSON.parse(await artifactText(play.task.ports, record.toolsDigest))).toEqual(
      JSON.parse(play.requests()[0]?.tools ?? ''),
    );
    expect(planned.steps).toEqual([{ step: 'one', status: 'completed' }]);
  });

  test('has no cost where the price is unknown', async () => {
    const play = await makePlanPlay({ turns: [{ reply: [{ message: 'm' }] }] });
    expect((await play.iterate()).record.costUsd).toBeNull();
  });

  test('cuts the words of the model for people', async () => {
    const play = await makePlanPlay({ turns: [{ reply: [{ message: 'w'.repeat(5000) }] }] });
    expect((await play.iterate()).message).toBe(`${'w'.repeat(499)}…`);
  });
});

describe('a call that is not made', () => {
  const price = { inputUsdPerMTok: 1000, cachedInputUsdPerMTok: 1000, outputUsdPerMTok: 1 };

  test('is one that may cost more than is left', async () => {
    const play = await makePlanPlay(
      { turns: [{ reply: [{ message: 'm' }], optional: true }] },
      { profiles: { scripted: { price } } },
    );
    const planned = await play.plan(play.input({ budget: { maxUsd: 0.5, maxIterations: 9 } }));
    expect(planned).toMatchObject({ status: 'over_budget', estimatedUsd: expect.any(Number) });
    expect(play.requests()).toEqual([]);
  });

  test('is one whose price is unknown, where the task has a budget in money', async () => {
    const play = await makePlanPlay({ turns: [{ reply: [{ message: 'm' }], optional: true }] });
    const planned = play.plan(play.input({ budget: { maxUsd: 5, maxIterations: 9 } }));
    await expect(planned).rejects.toMatchObject({ code: 'model.unknown_price' });
    expect(play.requests()).toEqual([]);
  });

  test('is one that would first need a compaction, and neither is the compaction', async () => {
    const play = await makePlanPlay(
      { turns: [{ reply: [{ message: 'm' }], optional: true }] },
      { profiles: { scripted: { price, contextWindowTokens: 100 } } },
    );
    const planned = await play.plan(play.input({ budget: { maxUsd: 0.5, maxIterations: 9 } }));
    expect(planned).toMatchObject({ status: 'over_budget' });
    expect(play.requests()).toEqual([]);
  });
});

describe('an answer that cannot be used', () => {
  test('is a typed error when it is empty, and leaves nothing in the transcript', async () => {
    const response = {
      id: 'r',
      object: 'response',
      status: 'completed',
      model: 'scripted',
      output: [],
      usage: { input_tokens: 1, output_tokens: 0, total_tokens: 1 },
    };
    const play = await makePlanPlay({
      turns: [{ reply: [{ message: 'm' }], faults: [{ kind: 'completed_with', response }] }],
    });
    await expect(play.plan(play.input())).rejects.toMatchObject({ code: 'model.bad_response' });
    expect(await play.plan(play.input())).toMatchObject({ status: 'planned', transcript: { items: 4 } });
  });

  test.each(['reset', 'end', 'half_arguments'] as const)(
    'drops a stream with the fault %s whole',
    async (kind) => {
      const play = await makePlanPlay({
        turns: [{ reply: [{ exec_command: 'ls -l' }], faults: [{ kind }] }],
      });
      const tries = async () => play.plan(play.input());
      const first = await tries().catch((error: unknown) => error);
      if (kind !== 'half_arguments') {
        expect(first).toMatchObject({ code: 'model.stream_broken' });
        expect(await tries()).toMatchObject({ actions: [{ kind: 'shell' }], transcript: { items: 4 } });
      } else {
        expect(first).toMatchObject({ actions: [{ kind: 'invalid' }] });
      }
    },
  );
});

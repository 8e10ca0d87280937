import { expect, test } from 'vitest';
import { createTranscriptStore } from '../../../activities/transcript-store.ts';
import type { PlanInput } from '../../../contracts/activities.ts';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { transcriptItems } from '../../../contracts/transcript-bytes.ts';
import { answeredIdOf, callIdOf, transcriptProblems } from '../../../models/transcript.ts';
import { mortal, WorkerDied } from '../../helpers/mortal-ports.ts';
import { afterCompaction, makePlanPlay, type PlanPlay, type SentRequest } from '../../helpers/plan-play.ts';

const price = { inputUsdPerMTok: 10, cachedInputUsdPerMTok: 1, outputUsdPerMTok: 100 };
const profiles = {
  scripted: { commandTool: 'exec_command', patchTool: 'freeform', price },
  twin: { commandTool: 'exec_command', patchTool: 'freeform', price },
  other: { commandTool: 'shell', patchTool: 'function', price },
  small: { commandTool: 'shell', patchTool: 'function', contextWindowTokens: 9000 },
} as const;

const work = {
  reply: [
    { reasoning: 'hm' },
    { message: 'Looking.' },
    { exec_command: { cmd: "grep -r 'a b' .", workdir: 'src', timeout_ms: 5000 } },
    { apply_patch: '*** Begin Patch\n*** Add File: a\n+a\n*** End Patch' },
    { call: { name: 'fly', arguments: '{}' } },
    { call: { name: 'exec_command', arguments: '{"cmd":' } },
  ],
};
const works = (times: number) => ({ turns: [{ ...work, repeat: times }] });
const makePlay = (times: number) => makePlanPlay(works(times), { profiles });
const last = (play: PlanPlay): SentRequest => {
  const sent = play.requests().at(-1);
  if (sent === undefined) throw new Error('nothing was sent');
  return sent;
};
const formsOf = (items: readonly TranscriptItem[]) =>
  items
    .filter((item) => callIdOf(item) !== undefined)
    .map((item) => `${String(item['type'])} ${String(item['name'])}`);
const toolForms = ({ tools }: SentRequest) =>
  (JSON.parse(tools) as TranscriptItem[]).map(
    (tool) => `${tool['type'] === 'custom' ? 'custom_tool_call' : 'function_call'} ${String(tool['name'])}`,
  );

/** Whether a model with the tools of a request can read all of it. */
function expectReadable(sent: SentRequest, ofThisModel: number): void {
  expect(transcriptProblems(sent.input)).toEqual([]);
  for (const call of sent.input.filter((item) => callIdOf(item) !== undefined)) {
    const answer = sent.input.find((item) => answeredIdOf(item) === callIdOf(call));
    expect(answer?.['type']).toBe(`${String(call['type'])}_output`);
  }
  const reasoning = sent.input.filter((item) => item['type'] === 'reasoning');
  expect(reasoning).toHaveLength(ofThisModel);
  const before = sent.input.slice(
    0,
    sent.input.findIndex((item) => item['type'] === 'reasoning') + 1 || undefined,
  );
  for (const form of formsOf(before)) expect(toolForms(sent)).toContain(form);
}

test('another model is sent no reasoning of the one before, and its calls in the forms that it has tools for', async () => {
  const play = await makePlay(4);
  await play.iterate();
  await play.iterate();
  const before = play.input();
  const planned = await play.iterate({ model: 'other' });
  const sent = last(play);
  expectReadable(sent, 0);
  const [, ran, patched, broken] = [null, ...sent.input.filter((item) => callIdOf(item) !== undefined)];
  expect(ran).toEqual({
    type: 'function_call',
    call_id: 'call_t1_2',
    name: 'shell',
    arguments: JSON.stringify({
      command: ['bash', '-c', "grep -r 'a b' ."],
      workdir: 'src',
      timeout_ms: 5000,
    }),
  });
  expect(patched).toMatchObject({ type: 'function_call', call_id: 'call_t1_3', name: 'apply_patch' });
  expect(JSON.parse(String(patched?.['arguments']))).toEqual({
    input: '*** Begin Patch\n*** Add File: a\n+a\n*** End Patch',
  });
  expect(broken).toMatchObject({ call_id: 'call_t1_5', name: 'shell', arguments: '{"cmd":' });
  const texts = JSON.stringify(sent.input);
  expect(texts).toContain('A call of \\"fly\\" was answered: ');
  expect(sent.input.filter((item) => item['role'] === 'assistant')).toEqual([
    { type: 'message', role: 'assistant', content: 'Looking.' },
    { type: 'message', role: 'assistant', content: 'Looking.' },
  ]);
  // What the model before left is named by its provider alone.
  expect(texts).not.toMatch(/"id":/);

  // Recorded as a compaction that cost nothing, and what was taken out can be read.
  expect(play.requests()).toHaveLength(3);
  expect(planned.record).toMatchObject({ prefixChangedAt: 3, model: 'other' });
  const store = createTranscriptStore(play.task.ports.artifacts);
  const dropped = planned.record.droppedDigest;
  if (dropped === null || before.transcript === null) throw new Error('nothing was dropped');
  const whole = transcriptItems((await store.load({ ...before.transcript, digest: dropped })).bytes);
  const old = transcriptItems((await store.load(before.transcript)).bytes);
  expect(whole.slice(0, old.length)).toEqual(old);
  expect(transcriptProblems(whole)).toEqual([]);

  // From here on it only grows again.
  const next = await play.iterate({ model: 'other' });
  expect(last(play).inputText.startsWith(sent.inputText)).toBe(true);
  expectReadable(last(play), 1);
  expect(next.record).toMatchObject({ prefixChangedAt: null, droppedDigest: null });
  expect(play.server.problems()).toEqual([]);
});

test('a model with the same tools loses the reasoning, and no call changes', async () => {
  const play = await makePlanPlay(
    { turns: [{ reply: [{ reasoning: 'hm' }, { apply_patch: 'P' }], repeat: 2 }] },
    { profiles },
  );
  await play.iterate();
  const { record } = await play.iterate({ model: 'twin' });
  expect(record.prefixChangedAt).toBe(3);
  expect(
    last(play)
      .input.slice(3)
      .map((item) => item['type']),
  ).toEqual(['custom_tool_call', 'custom_tool_call_output']);
  expect(play.server.problems()).toEqual([]);
});

test('nothing is recorded where the other model can read all of it as it is', async () => {
  const play = await makePlanPlay({ turns: [{ reply: [{ message: 'm' }] }] }, { profiles });
  const words = (model: string): Partial<PlanInput> => ({ model, steers: [{ by: 'ann', text: 'go on' }] });
  const { ports } = mortal(play.task.ports, 1, 'model.respond');
  await expect(play.plan(play.input(words('scripted')), ports)).rejects.toThrow(WorkerDied);
  const { record } = await play.iterate(words('other'));
  expect(record).toMatchObject({ prefixChangedAt: null, droppedDigest: null });
});

test('changing back works: what the second model wrote takes the forms of the first', async () => {
  const play = await makePlay(4);
  await play.iterate();
  await play.iterate({ model: 'other' });
  const { record } = await play.iterate();
  expectReadable(last(play), 0);
  // The first words of the first model are as the second one read them.
  expect(record.prefixChangedAt).toBe(4);
  expect(formsOf(last(play).input)).toEqual([
    'function_call exec_command',
    'custom_tool_call apply_patch',
    'function_call exec_command',
    'function_call exec_command',
    'custom_tool_call apply_patch',
    'function_call exec_command',
  ]);
  const back = last(play);
  expect(JSON.stringify(back.input)).toContain(JSON.stringify("grep -r 'a b' .").slice(1, -1));
  await play.iterate();
  expect(last(play).inputText.startsWith(back.inputText)).toBe(true);
  expect(play.server.problems()).toEqual([]);
});

test('a worker that dies at any call after the change leaves another one the same bytes to send', async () => {
  const deaths: string[] = [];
  for (let dieAfter = 1; ; dieAfter++) {
    const play = await makePlay(2);
    await play.iterate();
    const input = play.input({ model: 'other' });
    const { ports, calls } = mortal(play.task.ports, dieAfter);
    const first = await play.plan(input, ports).catch((error: unknown) => error);
    const second = await play.plan(input);
    if (second.status !== 'planned') throw new Error('expected a plan');
    const asked = play.requests().slice(1);
    expect(new Set(asked.map(({ inputText }) => inputText)).size).toBe(1);
    const stored = transcriptItems(
      (await createTranscriptStore(play.task.ports.artifacts).load(second.transcript)).bytes,
    );
    expect(stored.slice(0, last(play).input.length)).toEqual(last(play).input);
    expect(stored).toHaveLength(second.transcript.items);
    if (!(first instanceof WorkerDied)) {
      // Died while it decided, after all its effects: what it could not read is asked for again, by the stage of its own.
      expect(first).toMatchObject({ decisions: null });
      expect(first).toEqual({ ...second, decisions: null });
      break;
    }
    deaths.push(calls.at(-1) ?? '');
  }
  expect(deaths).toContain('model.respond');
  expect(deaths.filter((call) => call === 'artifacts.put').length).toBeGreaterThan(2);
});

test('a transcript that is too long for the new model is compacted before its first call, by itself and in its forms', async () => {
  const play = await makePlay(8);
  const outputDigest = await play.task.ports.artifacts.put(Buffer.from('x'.repeat(6000)));
  for (let n = 1; n <= 6; n++) await play.iterate({}, { observations: { [`i${n}.a1`]: { outputDigest } } });
  expect(play.requests()).toHaveLength(6);
  const input = play.input({ model: 'small' });
  const compacted = await play.plan(input);
  if (compacted.status !== 'compacted') throw new Error(`expected a compaction, got ${compacted.status}`);
  expect(compacted.compaction.keptPrefixItems).toBe(3);
  expectReadable(last(play), 0);
  const planned = await play.plan(afterCompaction(input, compacted));
  if (planned.status !== 'planned') throw new Error('expected a plan');
  expectReadable(last(play), 0);
  expect(planned.record).toMatchObject({ droppedDigest: compacted.compaction.droppedDigest });
  await play.record(planned);
  const sent = last(play);
  await play.iterate({ model: 'small' });
  expect(last(play).inputText.startsWith(sent.inputText)).toBe(true);
  expect(play.server.problems()).toEqual([]);
});

test('a model that is changed after a compaction reads the compacted transcript, and the record names what was before both', async () => {
  const play = await makePlanPlay(
    { turns: [work, { ...work, faults: [{ kind: 'context_exceeded' }] }] },
    { profiles },
  );
  await play.iterate();
  const compacted = await play.plan(play.input());
  if (compacted.status !== 'compacted') throw new Error('expected a compaction');
  const planned = await play.plan(afterCompaction(play.input({ model: 'other' }), compacted));
  if (planned.status !== 'planned') throw new Error('expected a plan');
  expectReadable(last(play), 0);
  expect(planned.record).toMatchObject({
    prefixChangedAt: 3,
    droppedDigest: compacted.compaction.droppedDigest,
    usage: { inputTokens: expect.any(Number) },
  });
});

test('a model without a price is not called under a budget in money, and the error says what can be done', async () => {
  const play = await makePlay(2);
  await play.iterate();
  const budget = { maxUsd: 5, maxIterations: 9 };
  await expect(play.plan(play.input({ model: 'small', budget }))).rejects.toMatchObject({
    code: 'model.unknown_price',
    message: expect.stringMatching(/small: give it one in models.yaml .*longhaul change --model/),
  });
  const usage = { ...play.input().usage, costUsd: null };
  await expect(play.plan(play.input({ usage, budget }))).rejects.toMatchObject({
    code: 'model.unknown_price',
    message: expect.stringContaining('a model without a price was called before'),
  });
  expect(play.requests()).toHaveLength(1);
});

import { describe, expect, test } from 'vitest';
import { createTranscriptStore } from '../../../activities/transcript-store.ts';
import type { TranscriptRef } from '../../../contracts/activities.ts';
import type { ModelClient } from '../../../contracts/model-client.ts';
import { transcriptItems } from '../../../contracts/transcript-bytes.ts';
import { transcriptProblems } from '../../../models/transcript.ts';
import { makeCheckpoint } from '../../helpers/git-fixture.ts';
import { makePlanPlay, type PlanPlay } from '../../helpers/plan-play.ts';
import { artifactText } from '../../helpers/task-fixture.ts';

const commands = (times: number) => ({ reply: [{ exec_command: 'echo {{n}}' }], repeat: times });
const spec = { instruction: 'Rename the module', constraints: ['no new package'] };

/** Iterates with an output of about a thousand tokens each. */
async function workOn(play: PlanPlay, iterations: number): Promise<void> {
  const outputDigest = await play.task.ports.artifacts.put(Buffer.from('x'.repeat(4000)));
  for (let n = 0; n < iterations; n++) {
    const { iteration } = play.input();
    await play.iterate({}, { observations: { [`i${iteration}.a1`]: { outputDigest } } });
  }
}

/** A checkpoint of another tree, and the record's word on it. */
async function changedCheckpoint({ task }: PlanPlay) {
  const {
    ports,
    spec: { taskId },
    base,
  } = task;
  const made = makeCheckpoint(`${task.directory}/scratch`, {
    gitDir: ports.repositories.gitDir(taskId),
    parent: base.commit,
    files: { 'src/b.txt': 'b\n' },
  });
  const commit = made.commit as typeof base.commit;
  await ports.repositories.importCheckpoint({ taskId, iteration: 1, commit, pack: made.pack });
  return { commit, after: made.tree as typeof base.tree };
}

describe('a transcript over its share of the context window', () => {
  test('is compacted before the call: the prefix stays, what matters is pinned, the record says it', async () => {
    const play = await makePlanPlay(
      {
        turns: [
          { reply: [{ update_plan: { plan: [{ step: 'move it', status: 'in_progress' }] } }] },
          { ...commands(20), optional: true },
        ],
        summary: 'I moved half of it.',
      },
      { spec, profiles: { scripted: { contextWindowTokens: 9000 } } },
    );
    const checkpoint = await changedCheckpoint(play);
    const record = {
      checkpoint,
      evaluate: {
        checks: [
          {
            name: 'npm test',
            status: 'failed',
            exitCode: 1,
            outputDigest: null,
            durationMs: 1,
            cached: true,
          } as const,
        ],
      },
    };
    await play.iterate({ steers: [{ by: 'ann', text: 'leave the docs alone' }] }, record);
    const outputDigest = await play.task.ports.artifacts.put(Buffer.from('x'.repeat(4000)));
    let before = play.input();
    let planned = await play.iterate({}, record);
    while (planned.record.prefixChangedAt === null) {
      before = play.input();
      planned = await play.iterate(
        {},
        { ...record, observations: { [`i${before.iteration}.a1`]: { outputDigest } } },
      );
    }
    const [first] = play.requests();
    const sent = play.requests().at(-1);
    expect(sent?.input.slice(0, 3)).toEqual(first?.input.slice(0, 3));
    expect(sent?.tools).toBe(first?.tools);
    expect(planned.record.prefixChangedAt).toBe(3);
    expect(transcriptProblems(sent?.input ?? [])).toEqual([]);
    const pinned = JSON.stringify(sent?.input[3]);
    for (const part of [
      '# Goal\\nRename the module',
      '- no new package',
      '- ann says: leave the docs alone',
      '[>] move it',
      '- src/b.txt',
      '- npm test: failed',
      'I moved half of it.',
    ])
      expect(pinned).toContain(part);

    // What was dropped can still be read: the transcript before, and the newest outputs that were never part of it.
    const store = createTranscriptStore(play.task.ports.artifacts);
    const dropped = planned.record.droppedDigest;
    if (dropped === null || before.transcript === null) throw new Error('nothing was dropped');
    const itemsOf = async (ref: TranscriptRef) => transcriptItems((await store.load(ref)).bytes);
    const whole = await itemsOf({ digest: dropped, items: 0, tokens: 0, dialect: '' });
    const old = await itemsOf(before.transcript);
    expect(whole.slice(0, old.length)).toEqual(old);
    expect(whole.slice(old.length).map((item) => item['type'])).toContain('function_call_output');

    // Both calls are paid, and the next request begins with what this one was.
    expect(planned.record.usage.inputTokens).toBeGreaterThan(0);
    await play.iterate();
    const next = play.requests().at(-1);
    expect(next?.inputText.startsWith(sent?.inputText ?? '-')).toBe(true);
    expect(play.server.problems()).toEqual([]);
  });
});

describe('a context that the server finds too long', () => {
  test('is compacted and asked again in the same iteration, paid as two calls', async () => {
    const play = await makePlanPlay(
      {
        turns: [
          commands(3),
          {
            reply: [{ message: 'm' }],
            faults: [{ kind: 'context_exceeded' }],
            usage: { input_tokens: 100, output_tokens: 10 },
          },
        ],
      },
      { spec },
    );
    await workOn(play, 3);
    const planned = await play.iterate();
    expect(planned).toMatchObject({ iteration: 4, done: true, record: { prefixChangedAt: 3 } });
    expect(planned.record.droppedDigest).not.toBeNull();
    expect(planned.record.usage.inputTokens).toBeGreaterThan(100);
    // Three, the one that was too long, the summary, the answer.
    expect(play.requests()).toHaveLength(6);
    await play.iterate().catch(() => undefined);
    const said = JSON.stringify(play.requests().at(-1)?.input.at(-1));
    expect(said).toContain('The transcript was compacted');
  });

  test('that is too long even then is a typed error', async () => {
    const play = await makePlanPlay(
      {
        turns: [
          commands(1),
          { reply: [{ message: 'm' }], faults: [{ kind: 'context_exceeded', times: 2 }], optional: true },
        ],
      },
      { spec },
    );
    await workOn(play, 1);
    await expect(play.iterate()).rejects.toMatchObject({ code: 'model.context_exceeded' });
  });

  test('in the first iteration names what was dropped, too', async () => {
    const play = await makePlanPlay({
      turns: [{ reply: [{ message: 'm' }], faults: [{ kind: 'context_exceeded' }] }],
    });
    const planned = await play.iterate();
    expect(planned.record.prefixChangedAt).toBe(3);
    expect(await artifactText(play.task.ports, planned.record.droppedDigest)).toContain(
      'A small repository.',
    );
  });
});

test('an answer without anything in it is a typed error, whichever client gave it', async () => {
  const play = await makePlanPlay({ turns: [{ reply: [{ message: 'm' }], optional: true }] });
  const usage = { inputTokens: 1, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const silent: ModelClient = {
    respond: async () => ({ responseId: 'r1', model: 'scripted', output: [], usage }),
    compact: async () => ({ summary: '', usage, responseId: 'r2' }),
    cancel: async () => undefined,
  };
  const planned = play.plan(play.input(), { ...play.task.ports, model: silent });
  await expect(planned).rejects.toMatchObject({
    code: 'model.bad_response',
    message: expect.stringContaining('r1'),
  });
});

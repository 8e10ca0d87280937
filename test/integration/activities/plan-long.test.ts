import { expect, test } from 'vitest';
import { createPlan } from '../../../activities/plan.ts';
import type { PlanInput, PlanOutput } from '../../../contracts/activities.ts';
import { transcriptProblems } from '../../../models/transcript.ts';
import { afterCompaction, makePlanPlay, type SentRequest } from '../../helpers/plan-play.ts';
import { inActivity } from '../../helpers/task-fixture.ts';

const contextWindowTokens = 80_000;
const iterations = 50;
/** About 4,500 tokens each. */
const outputBytes = 18_000;

const itemsTokens = (request: SentRequest | undefined) => Buffer.byteLength(request?.inputText ?? '') / 4;

test('a conversation of 200,000 tokens keeps its prefix, its pairs and what matters over its compactions, and two workers send the same bytes', async () => {
  const play = await makePlanPlay(
    {
      contextWindowTokens,
      turns: [
        { reply: [{ update_plan: { plan: [{ step: 'move every caller', status: 'in_progress' }] } }] },
        {
          reply: [{ reasoning: 'hm' }, { message: 'Turn {{n}}.' }, { exec_command: 'cat {{n}}' }],
          repeat: iterations,
        },
      ],
      summary: 'I moved some of the callers.',
    },
    {
      spec: { instruction: 'Rename the module', constraints: ['no new package'] },
      profiles: { scripted: { contextWindowTokens } },
    },
  );
  const { artifacts } = play.task.ports;
  /** One worker for the whole task, whose memory holds the transcript, beside one that begins afresh each time. */
  const warm = createPlan(play.task.ports);
  const byBoth = async (input: PlanInput): Promise<PlanOutput> => {
    const fresh = await play.plan(input);
    const known = await inActivity(warm, input);
    expect(known).toEqual(fresh);
    return known;
  };
  const compactions: number[] = [];
  await play.iterate({ steers: [{ by: 'ann', text: 'leave the docs alone' }] });
  for (let n = 1; n <= iterations; n += 1) {
    const first = await byBoth(play.input());
    let planned = first;
    if (first.status === 'compacted') {
      compactions.push(n);
      planned = await byBoth(afterCompaction(play.input(), first));
    }
    if (planned.status !== 'planned') throw new Error(`expected a plan, got ${planned.status}`);
    const { iteration } = planned;
    const outputDigest = await artifacts.put(Buffer.from(`result ${n} `.padEnd(outputBytes, 'é')));
    await play.record(planned, { observations: { [`i${iteration}.a1`]: { outputDigest } } });
  }
  expect(compactions.length).toBeGreaterThanOrEqual(2);

  const sent = play.requests();
  const isSummary = ({ inputText }: SentRequest) => inputText.includes('Stop working for a moment');
  expect(sent.filter(isSummary)).toHaveLength(2 * compactions.length);
  // Each twice, by either worker.
  const turns = sent.filter((request) => !isSummary(request)).slice(1);
  const warmOnes = turns.filter((_, index) => index % 2 === 1);
  expect(turns.filter((_, index) => index % 2 === 0)).toEqual(warmOnes);

  const all = [...sent.slice(0, 1), ...warmOnes];
  const endings = [...compactions, all.length].map((n) => all[n - 1]);
  expect(endings.reduce((sum, last) => sum + itemsTokens(last), 0)).toBeGreaterThan(200_000);
  for (const [n, now] of warmOnes.entries()) {
    const before = all[n];
    if (before === undefined) throw new Error('a request is missing');
    expect(transcriptProblems(now.input)).toEqual([]);
    expect(now.tools).toBe(before.tools);
    if (compactions.includes(n + 1)) expectWhatMatters(before, now, n);
    else expect(now.inputText.startsWith(before.inputText)).toBe(true);
  }
  expect(play.server.problems()).toEqual([]);
}, 120_000);

/** What a compaction has to leave as it was, or to pin: the prefix, the goal, constraints, what people said, the plan, the last result. */
function expectWhatMatters(before: SentRequest, now: SentRequest, lastResult: number): void {
  expect(now.input.slice(0, 3)).toEqual(before.input.slice(0, 3));
  const pinned = JSON.stringify(now.input[3]);
  for (const part of [
    '# Goal\\nRename the module',
    '- no new package',
    '- ann says: leave the docs alone',
    '[>] move every caller',
    'I moved some of the callers.',
  ])
    expect(pinned).toContain(part);
  expect(JSON.stringify(now.input.at(-1))).toContain(`result ${lastResult} `);
}

import { describe, expect, test } from 'vitest';
import type { TranscriptItem } from '../../../../contracts/model-client.ts';
import { createConversationLog } from '../../../../models/scripted/conversation-log.ts';
import type { ScriptedRequest } from '../../../../models/scripted/request.ts';
import { respondTo } from '../../../../models/scripted/respond.ts';
import { type ScenarioInput, ScenarioSchema } from '../../../../models/scripted/scenario.ts';
import { toolDefinitions } from '../../../../models/tools.ts';
import { firstItems, messageItem } from '../../../../models/transcript.ts';

const start = (instruction: string) =>
  firstItems({ instructions: 'base', contextText: 'context', instruction, constraints: [] });

function model(input: ScenarioInput) {
  const scenario = ScenarioSchema.parse(input);
  const log = createConversationLog(scenario);
  const ask = (items: readonly TranscriptItem[], rest: Partial<ScriptedRequest> = {}) => {
    const request = {
      model: 'scripted',
      input: [...items],
      tools: [],
      stream: false,
      prompt_cache_key: 'k',
      ...rest,
    };
    const responded = respondTo(scenario, request, log);
    const body: { output?: TranscriptItem[]; usage?: Record<string, unknown>; error?: { message: string } } =
      JSON.parse(String(responded.answer.body[0]));
    return { ...responded, output: body.output ?? [], usage: body.usage, error: body.error?.message };
  };
  return { ask, problems: log.problems };
}

/** Answers each call of an output, as a loop does. */
const answered = (output: readonly TranscriptItem[], text = 'ok') => [
  ...output,
  ...output
    .filter((item) => item['call_id'] !== undefined)
    .map((item) => ({
      type: `${String(item['type'])}_output`,
      call_id: String(item['call_id']),
      output: text,
    })),
];

const threeTurns: ScenarioInput = {
  turns: [
    { reply: [{ exec_command: 'ls' }, { exec_command: 'pwd' }] },
    {
      expect: { outputs: 2, contains: ['ok'], matches: ['^ok$'], notContains: ['bad'] },
      reply: [{ message: 'thinking aloud' }],
    },
    { reply: [{ message: 'done' }] },
  ],
};

describe('the turn', () => {
  test('is a pure function of the request, for a retry and for another client', () => {
    const first = model(threeTurns);
    const begin = start('x');
    const one = first.ask(begin);
    expect(first.ask(begin).output).toEqual(one.output);
    expect(model(threeTurns).ask(begin, { prompt_cache_key: 'other' }).output).toEqual(one.output);
    const two = first.ask([...begin, ...answered(one.output)]);
    expect(two.turn).toBe(2);
    const three = first.ask([...begin, ...answered(one.output), ...two.output, messageItem('user', 'go on')]);
    expect([three.turn, three.output[0]?.['id']]).toEqual([3, 'msg_t3_0']);
    expect(first.problems()).toEqual([]);
  });

  test('is found again after a compaction, by what is kept or by the summary alone', () => {
    const { ask } = model({ turns: [{ reply: [{ exec_command: 'step {{n}}' }], repeat: 10 }] });
    const begin = start('x');
    const items = [...begin];
    for (let turn = 1; turn <= 5; turn += 1) items.push(...answered(ask(items).output));
    const summary = ask([...items, messageItem('user', 'sum up')], { tool_choice: 'none' });
    const text = JSON.stringify(summary.output);
    expect([summary.kind, text.includes('scripted-turn-5')]).toEqual(['summary', true]);
    expect(ask([...begin, messageItem('user', text)]).turn).toBe(6);
    expect(
      ask([...begin, messageItem('user', 'a summary'), ...items.slice(-2)], { prompt_cache_key: 'fork' })
        .turn,
    ).toBe(6);
  });

  test('is counted when the client keeps no id', () => {
    const { ask } = model({ turns: [{ reply: [{ message: 'm' }], repeat: 5 }] });
    const said = (text: string) => ({ type: 'message', role: 'assistant', content: text });
    expect(
      ask([
        ...start('x'),
        said('a'),
        said('b'),
        messageItem('user', 'go on'),
        said('c'),
        messageItem('user', 'go on'),
      ]).turn,
    ).toBe(3);
  });

  test('is chosen by what the person asks for', () => {
    const { ask } = model({
      conversations: [
        { name: 'fix', match: 'fix the \\w+', turns: [{ reply: [{ message: 'fixing' }] }] },
        { name: 'rest', turns: [{ reply: [{ message: 'resting' }] }] },
      ],
    });
    expect(ask(start('please fix the test')).conversation).toBe('fix');
    expect(ask(start('sleep'), { prompt_cache_key: 'k2' }).conversation).toBe('rest');
  });

  test('fills in its number when it is repeated', () => {
    const { ask } = model({
      turns: [
        { reply: [{ message: 'first' }] },
        { reply: [{ exec_command: 'echo {{n}} {{fill:3}}' }], repeat: 1000 },
      ],
    });
    expect(
      JSON.stringify(
        ask([
          ...start('x'),
          { type: 'message', role: 'assistant', id: 'msg_t500_0', content: [] },
          messageItem('user', 'on'),
        ]).output,
      ),
    ).toContain('echo 500 xxx');
  });
});

describe('the reply', () => {
  const replies: ScenarioInput = { turns: [{ reply: [{ exec_command: 'ls' }, { apply_patch: 'P' }] }] };

  test.each([
    ['exec_command', 'freeform', ['exec_command {"cmd":"ls"}', 'apply_patch P']],
    ['shell', 'function', ['shell {"command":["bash","-c","ls"]}', 'apply_patch {"input":"P"}']],
  ] as const)('takes the shapes of the offered tools: %s, %s', (commandTool, patchTool, expected) => {
    const { output } = model(replies).ask(start('x'), {
      tools: [...toolDefinitions({ commandTool, patchTool })],
    });
    expect(
      output.map((item) => `${String(item['name'])} ${String(item['arguments'] ?? item['input'])}`),
    ).toEqual(expected);
  });

  test('counts as cached what the request before held', () => {
    const { ask } = model(threeTurns);
    const begin = [...start('x'.repeat(4000))];
    const one = ask(begin);
    expect(one.usage).toMatchObject({ input_tokens_details: { cached_tokens: 0 } });
    const two = ask([...begin, ...answered(one.output)]);
    const cached = Number(one.usage?.['input_tokens']);
    expect(two.usage).toMatchObject({ input_tokens_details: { cached_tokens: cached - (cached % 128) } });
  });
});

describe('faults', () => {
  test('come before the good answer, each as often as asked, for each client anew', () => {
    const { ask } = model({
      turns: [
        { reply: [{ message: 'm' }], faults: [{ kind: 'server_error', times: 2 }, { kind: 'rate_limited' }] },
      ],
    });
    const statuses = (key: string) =>
      [1, 2, 3, 4].map(() => ask(start('x'), { prompt_cache_key: key }).answer.status);
    expect(statuses('a')).toEqual([500, 500, 429, 200]);
    expect(statuses('b')).toEqual([500, 500, 429, 200]);
  });

  test('a call with half its arguments does not use up its turn', () => {
    const { ask, problems } = model({
      turns: [{ reply: [{ exec_command: 'ls' }], faults: [{ kind: 'half_arguments' }] }],
    });
    const half = ask(start('x'));
    expect(half.output[0]).toMatchObject({ call_id: 'call_f1_0', arguments: '{"cmd"' });
    const good = ask([...start('x'), ...answered(half.output)]);
    expect([good.turn, good.output[0]?.['call_id']]).toEqual([1, 'call_t1_0']);
    expect(problems()).toEqual([]);
  });

  test('a request over the window is too long until it has been compacted', () => {
    const { ask } = model({ contextWindowTokens: 300, turns: [{ reply: [{ message: 'm' }] }] });
    expect(ask(start('x'.repeat(2000)))).toMatchObject({
      answer: { status: 400 },
      fault: 'context_exceeded',
    });
    expect(ask(start('x'), { prompt_cache_key: 'k2' }).answer.status).toBe(200);
  });
});

describe('what the scenario does not expect is refused for good and reported', () => {
  const refused = (asked: ReturnType<ReturnType<typeof model>['ask']>) => {
    expect(asked.answer.headers['x-should-retry']).toBe('false');
    return `${asked.answer.status} ${asked.error}`;
  };

  test('a turn past the end', () => {
    const { ask, problems } = model({ turns: [{ reply: [{ exec_command: 'ls' }] }] });
    const { output } = ask(start('x'));
    expect(refused(ask([...start('x'), ...answered(output)]))).toContain(
      '500 scripted model: conversation (k): turn 2 is not in the scenario',
    );
    expect(problems()).toEqual(['conversation (k): turn 2 is not in the scenario']);
  });

  test.each([
    ['an output that says something else', answeredWith('bad'), 'expected "ok"'],
    [
      'an output that is missing',
      (output: readonly TranscriptItem[]) => answered(output.slice(0, 1)),
      'expected 2 outputs, found 1',
    ],
  ])('%s', (_title, answer, problem) => {
    const { ask } = model(threeTurns);
    const { output } = ask(start('x'));
    expect(refused(ask([...start('x'), ...answer(output)]))).toContain(problem);
  });

  test.each([
    [
      'a call without output',
      (output: readonly TranscriptItem[]) => [...start('x'), ...output],
      'the call call_t1_0 has no output',
    ],
    [
      'a changed prefix',
      (output: readonly TranscriptItem[]) => [...start('y'), ...answered(output)],
      'input item 2 is not what it was',
    ],
  ])('%s', (_title, next, problem) => {
    const { ask } = model(threeTurns);
    expect(refused(ask(next(ask(start('x')).output)))).toContain(
      `400 scripted model: conversation (k): ${problem}`,
    );
  });

  test('other tools', () => {
    const { ask } = model(threeTurns);
    const { output } = ask(start('x'));
    const tools = [...toolDefinitions({ commandTool: 'shell', patchTool: 'function' })];
    expect(refused(ask([...start('x'), ...answered(output)], { tools }))).toContain(
      'the tools are not what they were',
    );
  });

  test('a task that no conversation knows', () => {
    const { ask } = model({ conversations: [{ match: 'fix', turns: [{ reply: [{ message: 'm' }] }] }] });
    expect(refused(ask(start('sleep')))).toContain('no conversation of the scenario matches');
  });

  test('turns that were never asked for, but for optional ones', () => {
    const { ask, problems } = model({
      conversations: [
        {
          name: 'a',
          match: 'aaa',
          turns: [
            { reply: [{ message: 'm' }], repeat: 3 },
            { reply: [{ message: 'm' }], optional: true },
          ],
        },
        { name: 'b', match: 'bbb', turns: [{ reply: [{ message: 'm' }] }] },
        { name: 'c', match: 'ccc', turns: [{ reply: [{ message: 'm' }] }], optional: true },
      ],
    });
    ask(start('aaa'));
    expect(problems()).toEqual(['a (k): turns 2 to 3 were never asked for', 'b: never started']);
  });
});

function answeredWith(text: string) {
  return (output: readonly TranscriptItem[]) => answered(output, text);
}

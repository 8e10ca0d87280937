import { expect, test } from 'vitest';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { scenarioOf } from '../../../drill/scenario.ts';
import { createConversationLog } from '../../../models/scripted/conversation-log.ts';
import { respondTo } from '../../../models/scripted/respond.ts';

const usage = { inputTokens: 100, cachedTokens: 64, outputTokens: 5, reasoningTokens: 1 };
const call = (name: string, id: string): TranscriptItem => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: `call_${id}`,
  name: 'exec_command',
  arguments: JSON.stringify({ cmd: name }),
});
const responses = [
  { output: [{ type: 'reasoning', id: 'rs_x', encrypted_content: 'opaque' }, call('ls', 'a')], usage },
  { output: [call('cat', 'b'), call('rm', 'c')], usage },
  { output: [{ type: 'message', id: 'msg_y', role: 'assistant', content: [] }], usage },
];
const recorded = { model: 'm', responses };
const said: TranscriptItem = {
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text: 'Mend it.' }],
};

function ask(input: readonly TranscriptItem[], scenario = scenarioOf(recorded, [])) {
  const request = { model: 'm', input: [...input], tools: [], stream: false, prompt_cache_key: 't1' };
  const { answer, turn, fault, kind } = respondTo(scenario, request, createConversationLog(scenario));
  const body = answer.status === 200 && fault === null ? JSON.parse(String(answer.body[0])) : null;
  return { turn, fault, kind, output: (body?.output ?? []) as TranscriptItem[], usage: body?.usage };
}

const answersTo = (output: readonly TranscriptItem[]): TranscriptItem[] =>
  output.flatMap((item) =>
    item['call_id'] === undefined
      ? []
      : [{ type: 'function_call_output', call_id: item['call_id'], output: 'done' }],
  );

test('each request gets the response of its iteration, the same again when it is asked again', () => {
  const first = ask([said]);
  expect(first.turn).toBe(1);
  const afterFirst = [said, ...first.output, ...answersTo(first.output)];
  const second = ask(afterFirst);
  expect(second.turn).toBe(2);
  expect(ask(afterFirst)).toEqual(second);
  expect(ask([said])).toEqual(first);
  expect(ask([...afterFirst, ...second.output, ...answersTo(second.output)]).turn).toBe(3);
});

test('a message of the platform in between does not shift what is answered', () => {
  const first = ask([said]);
  const lost = { ...said, content: [{ type: 'input_text', text: 'The sandbox was lost.' }] };
  expect(ask([said, ...first.output, ...answersTo(first.output), lost]).turn).toBe(2);
});

test('of the recorded items only the ids are changed, and the recorded usage is billed', () => {
  const { output, usage: billed } = ask([said]);
  expect(output.map(({ id: _, call_id: __, ...rest }) => rest)).toEqual([
    { type: 'reasoning', encrypted_content: 'opaque' },
    { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}' },
  ]);
  expect(billed).toMatchObject({ input_tokens: 100, output_tokens: 5 });
});

test('after the last recorded response nothing is made up', () => {
  const second = ask([said, ...ask([said]).output, ...answersTo(ask([said]).output)]);
  const third = ask([said, ...second.output, ...answersTo(second.output)]);
  expect(third.turn).toBe(3);
  expect(ask([said, ...third.output, said]).kind).toBe('refused');
});

test('a stream is dropped at the iteration that it is planned for, once', () => {
  const scenario = scenarioOf(recorded, [
    { kind: 'stream_dropped', moment: { at: 'model', iteration: 1 } },
    { kind: 'worker_killed', moment: { at: 'model', iteration: 2 } },
  ]);
  const log = createConversationLog(scenario);
  const request = { model: 'm', input: [said], tools: [], stream: true, prompt_cache_key: 't1' };
  expect(respondTo(scenario, request, log).fault).toBe('reset');
  expect(respondTo(scenario, request, log).fault).toBeNull();
});

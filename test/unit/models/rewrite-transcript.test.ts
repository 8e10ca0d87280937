import { expect, test } from 'vitest';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { parseCalls } from '../../../models/parse-call.ts';
import { rewriteTranscript } from '../../../models/rewrite-transcript.ts';

const commands = { commandTool: 'exec_command', patchTool: 'freeform' } as const;
const programs = { commandTool: 'shell', patchTool: 'function' } as const;
const functionCall = (name: string, args: unknown): TranscriptItem => ({
  id: 'fc_1',
  type: 'function_call',
  call_id: 'c1',
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
});
const custom = (name: string, input: string): TranscriptItem => ({
  id: 'ctc_1',
  type: 'custom_tool_call',
  call_id: 'c1',
  name,
  input,
});
const bodyOf = (items: readonly TranscriptItem[]) => parseCalls(items)[0]?.call;

test.each([
  ['a shell line', functionCall('exec_command', { cmd: "echo 'a'\nls", workdir: 'src', timeout_ms: 9 })],
  ['a program with arguments', functionCall('shell', { command: ['git', 'commit', '-m', "it's"] })],
  ['a line of a shell', functionCall('shell', { command: ['bash', '-lc', 'ls | wc'], justification: 'why' })],
  ['a patch as text', custom('apply_patch', '*** Begin Patch\n*** End Patch')],
  ['a patch as an argument', functionCall('apply_patch', { input: '*** Begin Patch\n*** End Patch' })],
  ['a plan', functionCall('update_plan', { plan: [] })],
  ['a command that cannot be read', functionCall('exec_command', '{"cmd":')],
])('%s asks for the same in the form of either tools', (_title, call) => {
  const there = rewriteTranscript([call], programs);
  const back = rewriteTranscript(there, commands);
  for (const items of [there, back]) {
    const { argv: _argv, line, ...rest } = { argv: null, line: null, ...bodyOf(items) };
    const { argv: _was, line: before, ...original } = { argv: null, line: null, ...bodyOf([call]) };
    expect(rest).toEqual(original);
    if (before !== null) expect(line).toBe(before);
    expect(items[0]).toMatchObject({ call_id: 'c1' });
    expect(items[0]).not.toHaveProperty('id');
  }
  // What was rewritten once stays as it is.
  expect(rewriteTranscript(back, commands)).toEqual(back);
});

test('a program with arguments is quoted where it becomes a line', () => {
  const call = functionCall('shell', { command: ['git', 'commit', '-m', "it's"] });
  expect(bodyOf(rewriteTranscript([call], commands))).toMatchObject({
    line: `git commit -m 'it'\\''s'`,
  });
});

test.each([
  ['no tool', functionCall('fly', '{}'), 'function_call_output'],
  ['a tool of another kind', custom('exec_command', 'ls'), 'custom_tool_call_output'],
])('a call of %s becomes a message with its answer', (_title, call, type) => {
  expect(rewriteTranscript([call, { type, call_id: 'c1', output: 'unsupported' }], programs)).toEqual([
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: `A call of ${JSON.stringify(call['name'])} was answered: unsupported` },
      ],
    },
  ]);
});

test('reasoning, messages without words and kinds that are not known are left out; what people said stays as it is', () => {
  const said = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'do it' }] };
  const items: TranscriptItem[] = [
    said,
    { type: 'reasoning', id: 'rs_1', encrypted_content: 'x', summary: [] },
    { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: '' }] },
    { type: 'web_search_call', id: 'ws_1' },
  ];
  const rewritten = rewriteTranscript(items, commands);
  expect(rewritten).toHaveLength(1);
  expect(rewritten[0]).toBe(said);
});

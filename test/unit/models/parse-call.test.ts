import { describe, expect, test } from 'vitest';
import { parseCalls } from '../../../models/parse-call.ts';

const one = (item: Record<string, string>) => parseCalls([item])[0]?.call;
const fn = (name: string, args: unknown) =>
  one({
    type: 'function_call',
    call_id: 'c',
    name,
    arguments: typeof args === 'string' ? args : JSON.stringify(args),
  });
const shell = (rest: object) => ({ kind: 'shell', cwd: '.', timeoutMs: null, justification: null, ...rest });
const invalid = (reason: string) => ({ kind: 'invalid', reason });

describe('commands', () => {
  test.each([
    [
      'a line',
      'exec_command',
      { cmd: 'ls | wc' },
      shell({ argv: ['bash', '-c', 'ls | wc'], line: 'ls | wc' }),
    ],
    [
      'a line for sh',
      'exec_command',
      { cmd: 'ls', shell: '/bin/sh' },
      shell({ argv: ['sh', '-c', 'ls'], line: 'ls' }),
    ],
    [
      'all its fields',
      'exec_command',
      { cmd: 'ls', workdir: 'sub', timeout_ms: 1500.7, justification: 'why' },
      shell({ argv: ['bash', '-c', 'ls'], line: 'ls', cwd: 'sub', timeoutMs: 1500, justification: 'why' }),
    ],
    [
      'fields of another harness',
      'exec_command',
      { cmd: 'ls', yield_time_ms: 1000, tty: false },
      shell({ argv: ['bash', '-c', 'ls'], line: 'ls' }),
    ],
    ['a program', 'shell', { command: ['git', 'status'] }, shell({ argv: ['git', 'status'], line: null })],
    [
      'a shell with a line',
      'shell',
      { command: ['bash', '-lc', 'ls'] },
      shell({ argv: ['bash', '-lc', 'ls'], line: 'ls' }),
    ],
    [
      'a line where a program was asked',
      'shell',
      { command: 'ls' },
      shell({ argv: ['bash', '-c', 'ls'], line: 'ls' }),
    ],
    [
      'a program where a line was asked',
      'exec_command',
      { command: ['ls'] },
      shell({ argv: ['ls'], line: null }),
    ],
    [
      'no time-out that could be kept',
      'exec_command',
      { cmd: 'ls', timeout_ms: -1 },
      shell({ argv: ['bash', '-c', 'ls'], line: 'ls' }),
    ],
    [
      'nulls for what is left out',
      'exec_command',
      { cmd: 'ls', workdir: null, timeout_ms: null, justification: null },
      shell({ argv: ['bash', '-c', 'ls'], line: 'ls' }),
    ],
  ])('%s', (_title, name, args, expected) => {
    expect(fn(name, args)).toEqual(expected);
  });

  test.each([
    ['a here-document', { cmd: "apply_patch <<'EOF'\n*** Begin Patch\n$x\n*** End Patch\nEOF" }],
    [
      'a here-document without quotes',
      { cmd: 'apply_patch <<PATCH\n*** Begin Patch\n$x\n*** End Patch\nPATCH\n' },
    ],
    ['a program with an argument', { command: ['apply_patch', '*** Begin Patch\n$x\n*** End Patch'] }],
    [
      'a shell with a here-document',
      { command: ['bash', '-lc', "apply_patch <<'EOF'\n*** Begin Patch\n$x\n*** End Patch\nEOF"] },
    ],
  ])('a patch in %s is a patch', (_title, args) => {
    expect(fn('shell', args)).toEqual({ kind: 'apply_patch', patch: '*** Begin Patch\n$x\n*** End Patch' });
  });

  test.each([
    { cmd: "cd sub && apply_patch <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF" },
    { cmd: "apply_patch <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF", workdir: 'sub' },
  ])('a patch for another directory is explained, not run', (args) => {
    expect(fn('exec_command', args)).toEqual(invalid(expect.stringContaining('relative to the root')));
  });

  test('a command that goes on after a patch stays a command', () => {
    const cmd = "apply_patch <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF\nrm -rf x";
    expect(fn('exec_command', { cmd })).toMatchObject({ kind: 'shell', line: cmd });
  });
});

describe('other tools', () => {
  test('a patch comes as free text or as a function', () => {
    const expected = { kind: 'apply_patch', patch: 'P' };
    expect(one({ type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: 'P' })).toEqual(
      expected,
    );
    expect(fn('apply_patch', { input: 'P' })).toEqual(expected);
  });

  test('a plan', () => {
    const plan = [
      { step: 'look', status: 'completed' },
      { step: 'act', status: 'in_progress' },
    ];
    expect(fn('update_plan', { plan })).toEqual({ kind: 'update_plan', steps: plan, explanation: null });
  });

  test('a question', () => {
    expect(fn('ask_human', { question: ' Which? ' })).toEqual({ kind: 'ask_human', question: 'Which?' });
  });
});

describe('what cannot be understood goes back as text', () => {
  test.each([
    ['exec_command', '{}', 'failed to parse function arguments: missing field `cmd`'],
    ['shell', '{}', 'failed to parse function arguments: missing field `command`'],
    ['exec_command', '{"cmd":', 'failed to parse function arguments: Unexpected end of JSON input'],
    [
      'exec_command',
      '[]',
      'failed to parse function arguments: Invalid input: expected object, received array',
    ],
    ['exec_command', '{"cmd":7}', 'failed to parse function arguments: `cmd`: Invalid input'],
    [
      'exec_command',
      '{"cmd":"a\\u0000b"}',
      'failed to parse function arguments: `cmd`: holds a NUL character',
    ],
    ['shell', '{"command":[]}', 'failed to parse function arguments: `command`: Invalid input'],
    ['apply_patch', '{"patch":"x"}', 'failed to parse function arguments: missing field `input`'],
    [
      'update_plan',
      '{"plan":[{"step":"x","status":"done"}]}',
      'failed to parse function arguments: `plan.0.status`: Invalid option: expected one of "pending"|"in_progress"|"completed"',
    ],
    [
      'ask_human',
      '{"question":" "}',
      'failed to parse function arguments: `question`: Too small: expected string to have >=1 characters',
    ],
    ['rm_rf', '{}', 'unsupported call: rm_rf'],
    ['constructor', '{}', 'unsupported call: constructor'],
  ])('%s %s', (name, args, reason) => {
    expect(fn(name, args)).toEqual(invalid(reason));
  });

  test('a function called as free text', () => {
    expect(one({ type: 'custom_tool_call', call_id: 'c', name: 'exec_command', input: 'ls' })).toEqual(
      invalid('unsupported call: exec_command'),
    );
  });
});

test('calls keep their order and ids, other items are passed over', () => {
  const calls = parseCalls([
    { type: 'reasoning', id: 'r' },
    { type: 'function_call', call_id: 'a', name: 'exec_command', arguments: '{"cmd":"ls"}' },
    { type: 'message', role: 'assistant', content: [] },
    { type: 'custom_tool_call', call_id: 'b', name: 'apply_patch', input: 'P' },
  ]);
  expect(calls.map((call) => [call.callId, call.itemType])).toEqual([
    ['a', 'function_call'],
    ['b', 'custom_tool_call'],
  ]);
});

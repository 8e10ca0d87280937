import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../../../models/scripted/load-scenario.ts';

const load = (text: string) => loadScenario(text, 'demo.yaml');
const message = (text: string): string => {
  try {
    load(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'no error';
};

describe('a scenario file', () => {
  test('may be as short as its turns', () => {
    const scenario = load(
      'turns:\n  - reply:\n      - exec_command: npm test\n      - apply_patch: |\n          *** Begin Patch\n          *** End Patch\n',
    );
    expect(scenario.conversations).toHaveLength(1);
    expect(scenario.conversations[0]?.turns[0]?.reply).toEqual([
      { exec_command: { cmd: 'npm test' } },
      { apply_patch: '*** Begin Patch\n*** End Patch\n' },
    ]);
  });

  test.each([
    ['no YAML', 'turns: [', 'demo.yaml is no YAML'],
    ['nothing', '', 'demo.yaml is not understood'],
    ['neither turns nor conversations', 'model: x', 'give either `turns` or `conversations`'],
    ['a turn without a reply', 'turns: [{}]', 'turns[0].reply'],
    ['an unknown key', 'turns: [{reply: [{message: a}], reply_: 1}]', 'reply_'],
    ['an unknown part', 'turns: [{reply: [{shout: a}]}]', 'turns[0].reply[0]'],
    [
      'an unknown fault',
      'turns: [{reply: [{message: a}], faults: [{kind: flood}]}]',
      'turns[0].faults[0].kind',
    ],
    [
      'a bad expression',
      'turns: [{reply: [{message: a}], expect: {matches: ["("]}}]',
      'is no regular expression',
    ],
  ])('with %s is refused with the place', (_title, text, place) => {
    expect(message(text)).toContain(place);
  });
});

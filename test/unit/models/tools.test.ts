import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { toolDefinitions } from '../../../models/tools.ts';

const names = (tools: ReturnType<typeof toolDefinitions>) =>
  tools.map((tool) => `${String(tool['type'])}:${String(tool['name'])}`);

test('a profile decides the shape of the command and the patch tool', () => {
  expect(names(toolDefinitions({ commandTool: 'exec_command', patchTool: 'freeform' }))).toEqual([
    'function:exec_command',
    'custom:apply_patch',
    'function:update_plan',
    'function:ask_human',
  ]);
  expect(names(toolDefinitions({ commandTool: 'shell', patchTool: 'function' }))).toEqual([
    'function:shell',
    'function:apply_patch',
    'function:update_plan',
    'function:ask_human',
  ]);
});

test('the same profile gives the same bytes in every process', () => {
  const bytes = JSON.stringify(toolDefinitions({ commandTool: 'exec_command', patchTool: 'freeform' }));
  // A change here costs every running task its cached prefix: change it on purpose only.
  expect(createHash('sha256').update(bytes).digest('hex')).toMatchInlineSnapshot(
    `"4d9687322aed00a5efb531752b378401c32be69b36c3a38831e82f2bc17965db"`,
  );
});

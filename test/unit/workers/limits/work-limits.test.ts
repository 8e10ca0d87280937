import { expect, it } from 'vitest';
import { workLimits } from '../../../../workers/limits/work-limits.ts';

const gibi = 1024 ** 3;

it.each([
  ['a small machine', 2, 4, { commands: 4, modelCalls: 16, sandboxes: 21 }],
  ['little memory', 8, 2, { commands: 2, modelCalls: 64, sandboxes: 10 }],
  ['next to nothing', 1, 0.25, { commands: 1, modelCalls: 16, sandboxes: 2 }],
  ['a large machine', 32, 128, { commands: 64, modelCalls: 256, sandboxes: 682 }],
])('%s gets limits of its size', (_, cores, memory, limits) => {
  expect(workLimits({}, { cores, memoryBytes: memory * gibi })).toEqual(limits);
});

it('what runs in a cluster is not held to the size of this machine', () => {
  const env = { LONGHAUL_SANDBOX: 'kubernetes', LONGHAUL_MAX_COMMANDS: '7' };
  expect(workLimits(env, { cores: 1, memoryBytes: gibi })).toMatchObject({ commands: 7, sandboxes: 100 });
});

it('a setting stands above what the machine suggests', () => {
  const env = { LONGHAUL_MAX_COMMANDS: '1', LONGHAUL_MAX_MODEL_CALLS: '7', LONGHAUL_MAX_SANDBOXES: '30' };
  expect(workLimits(env, { cores: 2, memoryBytes: gibi })).toEqual({
    commands: 1,
    modelCalls: 7,
    sandboxes: 30,
  });
});

it.each(['0', '-1', '1.5', 'many', '100000'])('%s is refused, with the name of the setting', (given) => {
  const ask = () => workLimits({ LONGHAUL_MAX_COMMANDS: given });
  expect(ask).toThrowError(expect.objectContaining({ code: 'config.invalid' }));
  expect(ask).toThrowError(
    `LONGHAUL_MAX_COMMANDS must be a whole number from 1 to 99999, and it is "${given}"`,
  );
});

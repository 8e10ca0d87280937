import { describe, expect, test } from 'vitest';
import { costUsd, createProfileTable, defaultProfile, ModelConfigSchema } from '../../../models/profile.ts';

const table = (profiles: object) => createProfileTable(ModelConfigSchema.parse({ profiles }));

describe('the profile table', () => {
  test('gives an unknown model the careful default', () => {
    expect(table({})('llama-9')).toEqual(defaultProfile);
  });

  test('takes a dated name for its model', () => {
    expect(table({})('gpt-5-2025-08-07')).toEqual(table({})('gpt-5'));
  });

  test('knows a family but not the price of its unknown members', () => {
    expect(table({})('gpt-5.99-pro')).toMatchObject({ patchTool: 'freeform', reasoning: true, price: null });
  });

  test('lays configured fields over the built-in ones', () => {
    const price = { inputUsdPerMTok: 1, cachedInputUsdPerMTok: 0, outputUsdPerMTok: 2 };
    const profile = table({ 'gpt-5.5': { price } })('gpt-5.5');
    expect(profile).toMatchObject({ price, patchTool: 'freeform', contextWindowTokens: 272_000 });
  });

  test('prefers an exact name to a pattern, and a longer pattern to a shorter one', () => {
    const profileOf = table({
      '*': { contextWindowTokens: 1 },
      'my-*': { contextWindowTokens: 2 },
      'my-m': { contextWindowTokens: 3 },
    });
    expect(['x', 'my-x', 'my-m'].map((model) => profileOf(model).contextWindowTokens)).toEqual([1, 2, 3]);
  });

  test('takes a pattern literally but for its stars', () => {
    expect(table({ 'a.b*': { contextWindowTokens: 1 } })('aXb').contextWindowTokens).toBe(128_000);
  });

  test('a field that is given as undefined overrides nothing', () => {
    expect(table({ x: { contextWindowTokens: undefined } })('x')).toEqual(defaultProfile);
  });

  test('refuses a key that it does not know', () => {
    expect(() => table({ x: { contextWindow: 1 } })).toThrow(/contextWindow/);
  });
});

describe('costUsd', () => {
  const usage = {
    inputTokens: 1_000_000,
    cachedTokens: 400_000,
    outputTokens: 100_000,
    reasoningTokens: 50_000,
  };

  test('pays cached input at its own price, and reasoning once, as output', () => {
    expect(
      costUsd(usage, { inputUsdPerMTok: 1, cachedInputUsdPerMTok: 0.1, outputUsdPerMTok: 10 }),
    ).toBeCloseTo(1.64, 10);
  });

  test('is unknown without a price', () => {
    expect(costUsd(usage, null)).toBeNull();
  });
});

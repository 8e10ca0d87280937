import { z } from 'zod';
import type { TokenUsage } from '../contracts/model-client.ts';

export const ModelPriceSchema = z.strictObject({
  inputUsdPerMTok: z.number().nonnegative(),
  cachedInputUsdPerMTok: z.number().nonnegative(),
  outputUsdPerMTok: z.number().nonnegative(),
});
export type ModelPrice = z.infer<typeof ModelPriceSchema>;

export const ModelProfileSchema = z.strictObject({
  /** What a request may hold, input and output together where the provider counts them so. */
  contextWindowTokens: z.int().positive(),
  commandTool: z.enum(['exec_command', 'shell']),
  patchTool: z.enum(['freeform', 'function']),
  /** Whether `reasoning.effort` is sent. */
  reasoning: z.boolean(),
  /** Whether the reasoning is asked for in encrypted form; models that never reason refuse the question. */
  encryptedReasoning: z.boolean(),
  /**
   * Whether a response is made in the background, so that one whose connection or worker died is picked up and not paid again. The
   * provider then stores each response, for minutes at least: leave it off where nothing may be kept there.
   */
  background: z.boolean(),
  /** Null: unknown. A task with a budget in USD needs one. */
  price: ModelPriceSchema.nullable(),
});
/** What a model is like, as data. */
export type ModelProfile = z.infer<typeof ModelProfileSchema>;

export const ModelConfigSchema = z.strictObject({
  /** By model name; `*` stands for any text. A name without `*` wins, then the longest; what is not given comes from the built-in table. */
  profiles: z.record(z.string().min(1), ModelProfileSchema.partial()).default({}),
});
export type ModelConfig = z.infer<typeof ModelConfigSchema>;

interface ProfileRow {
  readonly pattern: string;
  readonly profile: ModelProfile;
}

/** For a model that nobody has described: what most servers can do. */
export const defaultProfile: ModelProfile = {
  contextWindowTokens: 128_000,
  commandTool: 'exec_command',
  patchTool: 'function',
  reasoning: false,
  encryptedReasoning: true,
  background: false,
  price: null,
};

const gpt5: ModelProfile = {
  contextWindowTokens: 272_000,
  commandTool: 'exec_command',
  patchTool: 'freeform',
  reasoning: true,
  encryptedReasoning: true,
  background: false,
  price: null,
};
const gpt4: ModelProfile = { ...defaultProfile, encryptedReasoning: false };

const usd = (
  inputUsdPerMTok: number,
  cachedInputUsdPerMTok: number,
  outputUsdPerMTok: number,
): ModelPrice => ({
  inputUsdPerMTok,
  cachedInputUsdPerMTok,
  outputUsdPerMTok,
});

/**
 * Prices as published for prompts up to 272,000 tokens in June 2026 (https://openai.com/api/pricing), left null where none was found. A
 * price here is exact by name, never by family: a newer member of a family may cost more.
 */
const builtIn: readonly ProfileRow[] = [
  { pattern: 'gpt-5', profile: { ...gpt5, price: usd(1.25, 0.125, 10) } },
  { pattern: 'gpt-5-codex', profile: { ...gpt5, price: usd(1.25, 0.125, 10) } },
  { pattern: 'gpt-5-mini', profile: { ...gpt5, price: usd(0.25, 0.025, 2) } },
  { pattern: 'gpt-5-nano', profile: { ...gpt5, price: usd(0.05, 0.005, 0.4) } },
  { pattern: 'gpt-5.1', profile: { ...gpt5, price: usd(1.25, 0.125, 10) } },
  { pattern: 'gpt-5.2', profile: { ...gpt5, price: usd(1.75, 0.175, 14) } },
  { pattern: 'gpt-5.4', profile: { ...gpt5, price: usd(2.5, 0.25, 15) } },
  { pattern: 'gpt-5.4-mini', profile: { ...gpt5, price: usd(0.75, 0.075, 4.5) } },
  { pattern: 'gpt-5.4-nano', profile: { ...gpt5, price: usd(0.2, 0.02, 1.25) } },
  { pattern: 'gpt-5.5', profile: { ...gpt5, price: usd(5, 0.5, 30) } },
  { pattern: 'gpt-5*', profile: gpt5 },
  { pattern: 'gpt-6*', profile: gpt5 },
  { pattern: 'codex-*', profile: { ...gpt5, commandTool: 'shell' } },
  { pattern: 'o3*', profile: { ...gpt5, contextWindowTokens: 200_000, patchTool: 'function' } },
  { pattern: 'o4*', profile: { ...gpt5, contextWindowTokens: 200_000, patchTool: 'function' } },
  { pattern: 'gpt-4.1*', profile: { ...gpt4, contextWindowTokens: 1_047_576 } },
  { pattern: 'gpt-4*', profile: gpt4 },
];

/** Looks a model up: the configured profiles over the built-in table over `defaultProfile`. A dated name (`gpt-5-2025-08-07`) is its model. */
export function createProfileTable(config: ModelConfig): (model: string) => ModelProfile {
  const configured = Object.entries(config.profiles).map(([pattern, profile]) => ({ pattern, profile }));
  return (model) => {
    const undated = model.replace(/-\d{4}-\d{2}-\d{2}$/, '');
    const base = bestMatch(builtIn, undated)?.profile ?? defaultProfile;
    const override = bestMatch(configured, model)?.profile ?? bestMatch(configured, undated)?.profile ?? {};
    return { ...base, ...definedOnly(override) };
  };
}

/** What a call cost in USD; null when the price is unknown. */
export function costUsd(usage: TokenUsage, price: ModelPrice | null): number | null {
  if (price === null) return null;
  const fresh = usage.inputTokens - usage.cachedTokens;
  return (
    (fresh * price.inputUsdPerMTok +
      usage.cachedTokens * price.cachedInputUsdPerMTok +
      usage.outputTokens * price.outputUsdPerMTok) /
    1_000_000
  );
}

function bestMatch<Row extends { readonly pattern: string }>(
  rows: readonly Row[],
  model: string,
): Row | undefined {
  const rank = (row: Row): number => (row.pattern === model ? Number.POSITIVE_INFINITY : row.pattern.length);
  return rows.filter((row) => matches(row.pattern, model)).toSorted((a, b) => rank(b) - rank(a))[0];
}

function matches(pattern: string, model: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 'u').test(model);
}

/** A key that is given as undefined does not override. */
function definedOnly(
  profile: Partial<ModelProfile> | Readonly<Record<string, unknown>>,
): Partial<ModelProfile> {
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined));
}

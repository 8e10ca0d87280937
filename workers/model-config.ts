import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { LonghaulError } from '../contracts/error.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import { createDialect } from '../models/dialect.ts';
import { createProfileTable, type ModelConfig, ModelConfigSchema } from '../models/profile.ts';
import { diskError, type Environment, stateDirectory } from './state-dir.ts';

export interface ModelSettings {
  readonly baseUrl: string;
  /** Null: none is set, and no call can be made. */
  readonly apiKey: string | null;
  readonly organization: string | null;
  readonly project: string | null;
  /** The model that a task gets when none is named. */
  readonly defaultModel: string;
  readonly config: ModelConfig;
}

const officialBaseUrl = 'https://api.openai.com/v1';
const fallbackModel = 'gpt-5.5';

/**
 * The model's settings from `OPENAI_BASE_URL`, `OPENAI_API_KEY`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`, `LONGHAUL_MODEL`, and the
 * profiles and prices of `models.yaml` (`LONGHAUL_MODELS_FILE`, else in the state directory). Throws `config.invalid`, `disk.no_permission`.
 */
export function modelSettings(env: Environment = process.env): ModelSettings {
  return {
    baseUrl: text(env['OPENAI_BASE_URL']) ?? officialBaseUrl,
    apiKey: text(env['OPENAI_API_KEY']),
    organization: text(env['OPENAI_ORG_ID']),
    project: text(env['OPENAI_PROJECT_ID']),
    defaultModel: text(env['LONGHAUL_MODEL']) ?? fallbackModel,
    config: readModels(env),
  };
}

/** Knows how to speak to any model that is named. */
export function dialects(settings: ModelSettings): (model: string) => ModelDialect {
  const profileOf = createProfileTable(settings.config);
  const known = new Map<string, ModelDialect>();
  return (model) => {
    const dialect = known.get(model) ?? createDialect(model, profileOf(model));
    known.set(model, dialect);
    return dialect;
  };
}

function text(value: string | undefined): string | null {
  return value === undefined || value.trim() === '' ? null : value.trim();
}

function readModels(env: Environment): ModelConfig {
  const named = text(env['LONGHAUL_MODELS_FILE']);
  const file = named ?? join(stateDirectory(env), 'models.yaml');
  try {
    return ModelConfigSchema.parse(parse(readFileSync(file, 'utf8')) ?? {});
  } catch (error) {
    const unasked = named === null ? errnoOf(error) : undefined;
    if (unasked === 'ENOENT') return ModelConfigSchema.parse({});
    // Nobody has asked for this file: what is wrong is the state directory.
    if (unasked === 'EACCES') throw diskError(error, `read ${file}`);
    throw new LonghaulError(
      'config.invalid',
      `the models file ${file} cannot be used: ${reasonOf(error)}. Correct it, or ${named === null ? 'remove it' : 'unset LONGHAUL_MODELS_FILE'}`,
      { cause: error },
    );
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}

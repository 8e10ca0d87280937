import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ModelSettings } from './model-config.ts';
import type { Environment } from './state-dir.ts';

/** By what a command line recognizes a worker's settings of the model as its own, and nobody reads a key out of it. */
export const ModelMarkSchema = z
  .object({
    /** Of this mark alone: the same key has another digest in each. */
    salt: z.string(),
    /** By the setting's name. */
    digests: z.record(z.string(), z.string()).readonly(),
    keySet: z.boolean(),
    /** Whom the worker asks, as far as it may be shown. */
    server: z.string(),
  })
  .readonly();
export type ModelMark = z.infer<typeof ModelMarkSchema>;

const modelsFile = 'models.yaml';
const variables = ['OPENAI_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'] as const;

export function modelMark(settings: ModelSettings, salt = randomBytes(16).toString('hex')): ModelMark {
  const digests = Object.entries(valuesOf(settings)).map(([name, value]) => [
    name,
    createHmac('sha256', salt).update(JSON.stringify(value)).digest('hex'),
  ]);
  return {
    salt,
    digests: Object.fromEntries(digests),
    keySet: settings.apiKey !== null,
    server: shownServer(settings.baseUrl),
  };
}

/** The settings that are not the mark's, by name. An environment that says nothing of the server and its key leaves them to the worker. */
export function otherSettings(mark: ModelMark, settings: ModelSettings, env: Environment): readonly string[] {
  const own = modelMark(settings, mark.salt).digests;
  const says = variables.some((name) => (env[name] ?? '').trim() !== '');
  const compared = says ? [...variables, modelsFile] : [modelsFile];
  return compared.filter((name) => own[name] !== mark.digests[name]);
}

function valuesOf({ baseUrl, apiKey, organization, project, config }: ModelSettings) {
  return {
    OPENAI_BASE_URL: baseUrl,
    OPENAI_API_KEY: apiKey,
    OPENAI_ORG_ID: organization,
    OPENAI_PROJECT_ID: project,
    [modelsFile]: config,
  };
}

/** Without a user, a password or a query: each may be a secret. */
function shownServer(baseUrl: string): string {
  if (!URL.canParse(baseUrl)) return 'a server whose address cannot be shown';
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname}`;
}

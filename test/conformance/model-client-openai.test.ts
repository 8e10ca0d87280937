import { createOpenAiClient, defaultModelLimits } from '../../models/openai-client.ts';
import { createProfileTable } from '../../models/profile.ts';
import { modelClientSuite } from './model-client.ts';

modelClientSuite('the openai client', ({ url, idleTimeoutMs, maxResponseBytes }) =>
  createOpenAiClient({
    ...defaultModelLimits,
    baseUrl: url,
    apiKey: 'sk-secret',
    organization: null,
    project: null,
    idleTimeoutMs,
    maxResponseBytes,
    profileOf: createProfileTable({ profiles: {} }),
    nowMs: Date.now,
  }),
);

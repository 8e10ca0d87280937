import { createOpenAiClient } from '../../models/openai-client.ts';
import { createProfileTable } from '../../models/profile.ts';
import { modelClientSuite } from './model-client.ts';

modelClientSuite('the openai client', ({ url, ...limits }) =>
  createOpenAiClient({
    ...limits,
    baseUrl: url,
    apiKey: 'sk-secret',
    organization: null,
    project: null,
    profileOf: createProfileTable({ profiles: {} }),
    nowMs: Date.now,
  }),
);

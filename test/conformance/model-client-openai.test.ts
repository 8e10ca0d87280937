import { createOpenAiClient } from '../../models/openai-client.ts';
import { createProfileTable } from '../../models/profile.ts';
import { type MakeClient, modelClientSuite } from './model-client.ts';
import { backgroundSuite } from './model-client-background.ts';

const makeClient: MakeClient = ({ url, ...limits }) =>
  createOpenAiClient({
    ...limits,
    pollIntervalMs: 20,
    baseUrl: url,
    apiKey: 'sk-secret',
    organization: null,
    project: null,
    profileOf: createProfileTable({ profiles: { background: { background: true } } }),
    nowMs: Date.now,
  });

modelClientSuite('the openai client', makeClient);
backgroundSuite('the openai client', makeClient);

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalBytes } from '../../../contracts/digest.ts';
import { noItems, toTranscriptBytes } from '../../../contracts/transcript-bytes.ts';
import { toFailure } from '../../../workers/fault-interceptor.ts';
import { createPorts } from '../../../workers/ports.ts';
import { serve } from '../../helpers/task-fixture.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';
import { unwatched } from '../../helpers/unwatched.ts';

const watch = unwatched();
const request = { model: 'scripted', effort: 'low', input: noItems, tools: [], promptCacheKey: 't' } as const;

async function environment(more: Readonly<Record<string, string>> = {}) {
  const home = join(await temporaryDirectory(), 'state');
  return { LONGHAUL_HOME: home, XDG_CACHE_HOME: `${home}-cache`, PATH: process.env['PATH'], ...more };
}

describe('the ports of a worker', () => {
  test('make a private state directory and keep artifacts in it', async () => {
    const env = await environment();
    const ports = createPorts(env);
    expect(statSync(env.LONGHAUL_HOME).mode & 0o777).toBe(0o700);
    const digest = await ports.artifacts.put(canonicalBytes({ a: 1 }));
    expect(await createPorts(env).artifacts.has(digest)).toBe(true);
    expect(existsSync(join(env.LONGHAUL_HOME, 'artifacts'))).toBe(true);
  });

  test('without a key say at the first call what is missing, and are no fault that is retried', async () => {
    const { model } = createPorts(await environment());
    for (const call of [model.respond(request, watch), model.compact(request, watch)]) {
      const error: unknown = await call.catch((caught: unknown) => caught);
      expect(toFailure(error, 1)).toMatchObject({
        type: 'model.not_configured',
        nonRetryable: true,
        message: expect.stringMatching(/OPENAI_API_KEY.*longhaul down.*longhaul up/),
      });
    }
  });

  test('speak to the server that the environment names, as the models file says', async () => {
    const { server } = await serve({ turns: [{ reply: [{ message: 'hello' }] }] });
    const env = await environment({ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'k' });
    createPorts(env);
    writeFileSync(join(env.LONGHAUL_HOME, 'models.yaml'), 'profiles: { scripted: { reasoning: true } }\n');
    const ports = createPorts(env);
    const dialect = ports.dialect('scripted');
    const input = toTranscriptBytes(
      dialect.firstItems({ contextText: 'c', instruction: 'i', constraints: [] }),
    );
    const response = await ports.model.respond({ ...request, input, tools: dialect.tools }, watch);
    expect(dialect.words(response.output)).toBe('hello');
    const body = Buffer.from(server.requests[0]?.body ?? []).toString();
    expect(JSON.parse(body)).toMatchObject({ model: 'scripted', reasoning: { effort: 'low' } });
  });

  test('are not made of a configuration that is wrong', async () => {
    const env = await environment({ LONGHAUL_MODELS_FILE: '/nowhere' });
    expect(() => createPorts(env)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
    expect(() => createPorts({ ...env, LONGHAUL_HOME: 'relative' })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    );
    const file = join(await temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect(() => createPorts({ LONGHAUL_HOME: join(file, 'state') })).toThrow(
      expect.objectContaining({ code: 'disk.no_permission' }),
    );
  });
});

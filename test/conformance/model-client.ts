import { afterEach, describe, expect, test } from 'vitest';
import { LonghaulError } from '../../contracts/error.ts';
import type { ModelClient, ModelRequest, TranscriptItem } from '../../contracts/model-client.ts';
import { toTranscriptBytes } from '../../contracts/transcript-bytes.ts';
import type { ErrorCode } from '../../contracts/words/errors.ts';
import { type ScenarioInput, ScenarioSchema } from '../../models/scripted/scenario.ts';
import { type ScriptedModel, startScriptedModel } from '../../models/scripted/server.ts';
import { unwatched as watch } from '../helpers/unwatched.ts';

type TurnInput = NonNullable<ScenarioInput['turns']>[number];
type FaultInput = NonNullable<TurnInput['faults']>[number];

/** How an adapter under test is made. Time limits have to be short enough that a stall ends within the test. */
export type MakeClient = (server: {
  readonly url: string;
  readonly idleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxResponseBytes: number;
}) => ModelClient;

const asked = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'do it' }] }];
const request: ModelRequest = {
  model: 'scripted',
  effort: 'low',
  input: toTranscriptBytes(asked),
  tools: [{ type: 'function', name: 'exec_command', parameters: { type: 'object' }, strict: false }],
  promptCacheKey: 'task-1',
};

const good: TurnInput = {
  reply: [{ reasoning: 'hm' }, { message: 'I look.' }, { exec_command: 'ls -l' }],
  usage: { input_tokens: 100, cached_tokens: 64, output_tokens: 20, reasoning_tokens: 5 },
};

export interface FaultRow {
  readonly title: string;
  readonly fault: FaultInput;
  readonly code: ErrorCode;
  /** Undefined: the server did not say, or it depends on the clock (then `check`). */
  readonly retryAfterMs?: number;
}

const limits = { idleTimeoutMs: 300, requestTimeoutMs: 20_000, maxResponseBytes: 2 * 1024 * 1024 };
const completedWith = (response: Record<string, unknown>): FaultInput => ({
  kind: 'completed_with',
  response: JSON.parse(
    JSON.stringify({ id: 'r', usage: { input_tokens: 1, output_tokens: 1 }, ...response }),
  ),
});
const call = (callId: string) => ({
  type: 'function_call',
  call_id: callId,
  name: 'exec_command',
  arguments: '{}',
});

const faults: readonly FaultRow[] = [
  {
    title: 'a 429 that names seconds',
    fault: { kind: 'rate_limited', retryAfter: 7 },
    code: 'model.rate_limited',
    retryAfterMs: 7000,
  },
  {
    title: 'a 429 that names milliseconds too',
    fault: { kind: 'rate_limited', retryAfter: 7, retryAfterMs: 1234 },
    code: 'model.rate_limited',
    retryAfterMs: 1234,
  },
  { title: 'a 429 that names nothing', fault: { kind: 'rate_limited' }, code: 'model.rate_limited' },
  {
    title: 'a usage limit with a reset in hours',
    fault: { kind: 'usage_limit', resetsInSeconds: 18_000 },
    code: 'model.rate_limited',
    retryAfterMs: 18_000_000,
  },
  { title: 'an exhausted quota', fault: { kind: 'quota' }, code: 'model.quota_exhausted' },
  { title: 'HTTP 402', fault: { kind: 'http', status: 402 }, code: 'model.quota_exhausted' },
  { title: 'HTTP 500', fault: { kind: 'server_error' }, code: 'model.unavailable' },
  { title: 'HTTP 502', fault: { kind: 'server_error', status: 502 }, code: 'model.unavailable' },
  {
    title: 'HTTP 503 that names seconds',
    fault: { kind: 'server_error', status: 503, retryAfter: 3 },
    code: 'model.unavailable',
    retryAfterMs: 3000,
  },
  { title: 'HTTP 529', fault: { kind: 'server_error', status: 529 }, code: 'model.unavailable' },
  { title: 'HTTP 401', fault: { kind: 'unauthorized' }, code: 'model.unauthorized' },
  {
    title: 'HTTP 400',
    fault: { kind: 'http', status: 400, body: '{"error":{"message":"no such model"}}' },
    code: 'model.bad_request',
  },
  {
    title: 'a context that is too long',
    fault: { kind: 'context_exceeded' },
    code: 'model.context_exceeded',
  },
  {
    title: 'a context that is too long, told in the stream',
    fault: { kind: 'context_exceeded', form: 'event' },
    code: 'model.context_exceeded',
  },
  { title: 'a reset before the answer', fault: { kind: 'reset_before' }, code: 'model.unavailable' },
  { title: 'a server that never answers', fault: { kind: 'hang' }, code: 'model.unavailable' },
  {
    title: 'a reset after the headers',
    fault: { kind: 'reset', afterEvents: 0 },
    code: 'model.stream_broken',
  },
  { title: 'a reset in the middle', fault: { kind: 'reset', afterEvents: 6 }, code: 'model.stream_broken' },
  {
    title: 'a reset just before the end',
    fault: { kind: 'reset', afterEvents: 1000 },
    code: 'model.stream_broken',
  },
  { title: 'a clean end in the middle', fault: { kind: 'end', afterEvents: 6 }, code: 'model.stream_broken' },
  {
    title: 'a clean end just before the end',
    fault: { kind: 'end', afterEvents: 1000 },
    code: 'model.stream_broken',
  },
  { title: 'an empty stream', fault: { kind: 'end', afterEvents: 0 }, code: 'model.stream_broken' },
  { title: 'a stream that stalls', fault: { kind: 'stall', afterEvents: 5 }, code: 'model.stream_broken' },
  {
    title: 'an event that is no JSON',
    fault: { kind: 'bad_sse', afterEvents: 5 },
    code: 'model.bad_response',
  },
  { title: 'a web page', fault: { kind: 'garbage' }, code: 'model.bad_response' },
  {
    title: 'JSON that is none',
    fault: {
      kind: 'http',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"output": [',
    },
    code: 'model.bad_response',
  },
  { title: 'an answer without end', fault: { kind: 'endless' }, code: 'model.bad_response' },
  { title: 'a response that failed', fault: { kind: 'failed', afterEvents: 6 }, code: 'model.unavailable' },
  {
    title: 'a rate limit in the stream that names the wait in words',
    fault: {
      kind: 'failed',
      code: 'rate_limit_exceeded',
      message: 'Rate limit reached. Please try again in 1.5s.',
    },
    code: 'model.rate_limited',
    retryAfterMs: 1500,
  },
  {
    title: 'an exhausted quota in the stream',
    fault: { kind: 'failed', code: 'insufficient_quota' },
    code: 'model.quota_exhausted',
  },
  {
    title: 'an error event',
    fault: { kind: 'error_event', code: 'server_is_overloaded' },
    code: 'model.unavailable',
  },
  {
    title: 'an incomplete response',
    fault: { kind: 'incomplete', afterEvents: 6 },
    code: 'model.bad_response',
  },
  {
    title: 'a completed response without output',
    fault: completedWith({ output: [] }),
    code: 'model.bad_response',
  },
  {
    title: 'a completed response that is nothing',
    fault: { kind: 'completed_with', response: null },
    code: 'model.bad_response',
  },
  { title: 'a call without an id', fault: completedWith({ output: [call('')] }), code: 'model.bad_response' },
  {
    title: 'two calls with one id',
    fault: completedWith({ output: [call('a'), call('a')] }),
    code: 'model.bad_response',
  },
  {
    title: 'an item without a type',
    fault: completedWith({ output: [{ hello: 1 }] }),
    code: 'model.bad_response',
  },
  {
    title: 'negative tokens',
    fault: completedWith({ output: [call('a')], usage: { input_tokens: -1, output_tokens: 1 } }),
    code: 'model.bad_response',
  },
];

/** What every `ModelClient` has to do, shown against a real server over HTTP. */
export function modelClientSuite(name: string, makeClient: MakeClient): void {
  describe(name, () => {
    const servers: ScriptedModel[] = [];
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.close()));
    });
    const start = async (scenario: ScenarioInput) => {
      const server = await startScriptedModel(ScenarioSchema.parse(scenario), { port: 0, keepBodies: true });
      servers.push(server);
      return { server, client: makeClient({ url: server.url, ...limits }) };
    };

    test('gives a completed response whole, as it came', async () => {
      const { client } = await start({ turns: [good] });
      const response = await client.respond(request, watch());
      expect(response.output.map((item) => item['type'])).toEqual(['reasoning', 'message', 'function_call']);
      expect(response.output[2]).toEqual({
        id: 'fc_t1_2',
        type: 'function_call',
        status: 'completed',
        call_id: 'call_t1_2',
        name: 'exec_command',
        arguments: '{"cmd":"ls -l"}',
      });
      expect(response.usage).toEqual({
        inputTokens: 100,
        cachedTokens: 64,
        outputTokens: 20,
        reasoningTokens: 5,
      });
      expect(response).toMatchObject({ model: 'scripted', responseId: 'resp_t1' });
    });

    test('gives the same from a server that does not stream', async () => {
      const streamed = await (await start({ turns: [good] })).client.respond(request, watch());
      const plain = await (await start({ turns: [good], plainJson: true })).client.respond(request, watch());
      expect(plain).toEqual(streamed);
    });

    test.each(faults)('$title is $code, in one request, and nothing of it leaves', async (row) => {
      const { client, server } = await start({ turns: [{ ...good, faults: [row.fault] }] });
      const error = await failure(client.respond(request, watch()));
      expect(error.code).toBe(row.code);
      expect(error.retryAfterMs).toBe(row.retryAfterMs);
      expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain('ls -l');
      expect(server.requests).toHaveLength(1);
      const again = await client.respond(request, watch());
      expect(again.output).toHaveLength(3);
    });

    test('waits until the reset time that a usage limit names', async () => {
      const resetsAt = Math.floor(Date.now() / 1000) + 7200;
      const { client } = await start({ turns: [{ ...good, faults: [{ kind: 'usage_limit', resetsAt }] }] });
      const error = await failure(client.respond(request, watch()));
      expect(error.code).toBe('model.rate_limited');
      expect(error.retryAfterMs).toBeGreaterThan(7_100_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(7_200_000);
    });

    test.each(['stall', 'hang'] as const)(
      'a call that takes too long in all is given up: %s',
      async (kind) => {
        const { server } = await start({ turns: [{ ...good, faults: [{ kind }] }] });
        const client = makeClient({
          ...limits,
          url: server.url,
          idleTimeoutMs: 20_000,
          requestTimeoutMs: 200,
        });
        const error = await failure(client.respond(request, watch()));
        expect([error.code, error.message]).toEqual([
          'model.stream_broken',
          expect.stringContaining('after 200 ms'),
        ]);
      },
    );

    test('a server that is not there is model.unavailable', async () => {
      const { client, server } = await start({ turns: [good] });
      await server.close();
      expect((await failure(client.respond(request, watch()))).code).toBe('model.unavailable');
    });

    test('bytes that are no UTF-8 break nothing', async () => {
      const { client } = await start({ turns: [{ ...good, faults: [{ kind: 'invalid_utf8' }] }] });
      const response = await client.respond(request, watch());
      expect(JSON.stringify(response.output)).toContain('bad bytes: \ufffd');
      expect(response.output.at(-1)).toMatchObject({ call_id: 'call_t1_2' });
    });

    test('broken arguments are passed on as they came', async () => {
      const { client } = await start({ turns: [{ ...good, faults: [{ kind: 'half_arguments' }] }] });
      const response = await client.respond(request, watch());
      expect(response.output[2]).toMatchObject({ type: 'function_call', arguments: '{"cmd":"' });
    });

    test('an answer that counts no tokens gets them estimated', async () => {
      const fault: FaultInput = { kind: 'completed_with', response: { id: 'r', output: [call('a')] } };
      const { client } = await start({ turns: [{ ...good, faults: [fault] }] });
      const { usage } = await client.respond(request, watch());
      expect(usage.inputTokens).toBeGreaterThan(20);
      expect(usage.outputTokens).toBeGreaterThan(5);
    });

    test('an abort ends the call with the reason given, and the connection with it', async () => {
      const { client } = await start({ turns: [{ ...good, faults: [{ kind: 'stall', afterEvents: 8 }] }] });
      const controller = new AbortController();
      const reason = new Error('the task was cancelled');
      const watching = watch({ signal: controller.signal, onProgress: () => controller.abort(reason) });
      await expect(client.respond(request, watching)).rejects.toBe(reason);
    });

    test('a call that was aborted before it began sends nothing', async () => {
      const { client, server } = await start({ turns: [good] });
      const reason = new Error('too late');
      await expect(client.respond(request, watch({ signal: AbortSignal.abort(reason) }))).rejects.toBe(
        reason,
      );
      expect(server.requests).toHaveLength(0);
    });

    test('tells how many characters have come', async () => {
      const { client } = await start({ turns: [{ reply: [{ message: '{{fill:5000}}' }] }] });
      const counts: number[] = [];
      await client.respond(request, watch({ onProgress: (characters) => counts.push(characters) }));
      expect(counts[0]).toBeGreaterThan(0);
      expect(counts.length).toBeLessThanOrEqual(5);
    });

    test('sends input and tools byte for byte, each request a continuation of the one before', async () => {
      const { client, server } = await start({ turns: [{ ...good, repeat: 3 }] });
      let input: readonly TranscriptItem[] = asked;
      for (let turn = 1; turn <= 3; turn += 1) {
        const { output } = await client.respond({ ...request, input: toTranscriptBytes(input) }, watch());
        input = [
          ...input,
          ...output,
          { type: 'function_call_output', call_id: `call_t${turn}_2`, output: `é ${turn}` },
        ];
      }
      const bodies = server.requests.map((received) => Buffer.from(received.body).toString('utf8'));
      const inputs = bodies.map((body) => fieldBytes(body, 'input'));
      for (let turn = 1; turn < inputs.length; turn += 1) {
        expect(inputs[turn]?.startsWith(inputs[turn - 1]?.slice(0, -1) ?? 'missing')).toBe(true);
      }
      expect(inputs[2]).toContain(JSON.stringify(input.slice(0, -4)).slice(0, -1));
      expect(new Set(bodies.map((body) => fieldBytes(body, 'tools'))).size).toBe(1);
      expect(server.problems()).toEqual([]);
    });

    test('asks for a summary with the same prefix and tools', async () => {
      const { client, server } = await start({ turns: [good], summary: 'All is well.' });
      const { summary, usage } = await client.compact(request, watch());
      expect(summary).toContain('All is well.');
      expect(usage.outputTokens).toBeGreaterThan(0);
      const body = Buffer.from(server.requests[0]?.body ?? '').toString('utf8');
      expect(fieldBytes(body, 'input').startsWith(JSON.stringify(asked).slice(0, -1))).toBe(true);
      expect(fieldBytes(body, 'tools')).toBe(JSON.stringify(request.tools));
    });
  });
}

async function failure(promise: Promise<unknown>): Promise<LonghaulError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LonghaulError) return error;
  throw new Error(`expected a LonghaulError, got ${String(error)}`, { cause: error });
}

/** The bytes of one field's array in a JSON text, without parsing and writing them again. */
function fieldBytes(body: string, field: string): string {
  const start = body.indexOf(`"${field}":[`) + field.length + 3;
  let depth = 0;
  for (const token of body.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[[\]]/gs)) {
    if (token[0] === '[') depth += 1;
    if (token[0] === ']') depth -= 1;
    if (depth === 0) return body.slice(start, start + token.index + 1);
  }
  throw new Error(`no array ${field}`);
}

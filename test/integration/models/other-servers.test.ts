import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { errorCode } from '../../../contracts/error.ts';
import { noItems } from '../../../contracts/transcript-bytes.ts';
import { createOpenAiClient, defaultModelLimits } from '../../../models/openai-client.ts';
import { createProfileTable } from '../../../models/profile.ts';
import { responseEvents, responseObject, serverSentEvent } from '../../../models/scripted/events.ts';
import { unwatched } from '../../helpers/unwatched.ts';

const request = { model: 'm', effort: 'low', input: noItems, tools: [], promptCacheKey: 'k' } as const;
const watch = unwatched();
const call = {
  type: 'function_call',
  id: 'fc',
  call_id: 'c',
  name: 'exec_command',
  arguments: '{"cmd":"é ls"}',
};
const events = responseEvents(
  responseObject({ id: 'r', model: 'm', output: [call], usage: { input_tokens: 1, output_tokens: 1 } }),
);
const eventStream = { 'content-type': 'text/event-stream' };

let cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanUp) undo();
  cleanUp = [];
});

/** A server that answers each request by `answer`, and a client for it. */
async function serve(answer: (outgoing: ServerResponse) => void) {
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    incoming.on('end', () => answer(outgoing));
  });
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const client = createOpenAiClient({
    ...defaultModelLimits,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    apiKey: 'k',
    organization: null,
    project: null,
    profileOf: createProfileTable({ profiles: {} }),
    nowMs: Date.now,
  });
  return { client, connections: () => connections };
}

const send =
  (body: string | Uint8Array, headers: Record<string, string> = eventStream) =>
  (outgoing: ServerResponse) => {
    outgoing.writeHead(200, headers);
    outgoing.end(body);
  };

describe('a server that is not quite like the first', () => {
  test('may list its items by events alone', async () => {
    const bare = {
      type: 'response.completed',
      response: { id: 'r', usage: { input_tokens: 1, output_tokens: 1 } },
    };
    const { client } = await serve(send([...events.slice(0, -1), bare].map(serverSentEvent).join('')));
    expect((await client.respond(request, watch)).output).toEqual([call]);
  });

  test('may leave out event names, end lines by CRLF, send comments and a last [DONE]', async () => {
    const body = events.map((event) => `: ping\r\ndata: ${JSON.stringify(event)}\r\n\r\n`).join('');
    const { client } = await serve(send(`${body}data: [DONE]\r\n\r\n`));
    expect((await client.respond(request, watch)).output).toEqual([call]);
  });

  test('may forget to say that it sends events', async () => {
    const { client } = await serve(send(events.map(serverSentEvent).join(''), {}));
    expect((await client.respond(request, watch)).output).toEqual([call]);
  });

  test('may keep the connection open after the answer is complete', async () => {
    const { client } = await serve((outgoing) => {
      outgoing.writeHead(200, eventStream);
      outgoing.write(events.map(serverSentEvent).join(''));
    });
    expect((await client.respond(request, watch)).output).toEqual([call]);
  });

  test('may send an error object without a type', async () => {
    const { client } = await serve(send('data: {"error":{"code":"insufficient_quota","message":"no"}}\n\n'));
    expect(errorCode(await client.respond(request, watch).catch((error: unknown) => error))).toBe(
      'model.quota_exhausted',
    );
  });

  test('may answer in one document that says it failed, or is incomplete', async () => {
    const codes: unknown[] = [];
    for (const body of [
      { status: 'failed', error: { code: 'context_length_exceeded', message: 'long' } },
      { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [call] },
      { status: 'in_progress', output: [call] },
    ]) {
      const { client } = await serve(send(JSON.stringify(body), { 'content-type': 'application/json' }));
      codes.push(errorCode(await client.respond(request, watch).catch((error: unknown) => error)));
    }
    expect(codes).toEqual(['model.context_exceeded', 'model.bad_response', 'model.stream_broken']);
  });
});

test('a stream that is cut at any byte gives no answer', async () => {
  const whole = Buffer.from(events.map(serverSentEvent).join(''));
  const completed = whole.lastIndexOf('}}');
  let length = 0;
  const { client } = await serve((outgoing) => send(whole.subarray(0, length))(outgoing));
  for (length = 0; length < completed; length += 37) {
    const code = errorCode(await client.respond(request, watch).catch((error: unknown) => error));
    expect(['model.stream_broken', 'model.bad_response']).toContain(code);
  }
  length = whole.length;
  expect((await client.respond(request, watch)).output).toEqual([call]);
});

test('a connection whose answer has failed is closed', async () => {
  let closed: Promise<unknown> | undefined;
  const { client } = await serve((outgoing) => {
    closed = once(outgoing, 'close');
    outgoing.writeHead(200, eventStream);
    outgoing.write(
      serverSentEvent({
        type: 'response.failed',
        response: { error: { code: 'server_error', message: 'no' } },
      }),
    );
  });
  await expect(client.respond(request, watch)).rejects.toMatchObject({ code: 'model.unavailable' });
  await closed;
});

test('a connection whose answer is complete is kept for later calls', async () => {
  const { client, connections } = await serve(send(events.map(serverSentEvent).join('')));
  for (let count = 0; count < 20; count += 1) await client.respond(request, watch);
  expect(connections()).toBeLessThan(5);
});

test.each(['not a url', 'ftp://example.org', 'https://user:password@example.org/v1'])(
  'the base URL %s is refused before any call',
  (baseUrl) => {
    const options = {
      ...defaultModelLimits,
      baseUrl,
      apiKey: 'k',
      organization: null,
      project: null,
      profileOf: createProfileTable({ profiles: {} }),
      nowMs: Date.now,
    };
    expect(() => createOpenAiClient(options)).toThrow(
      expect.objectContaining({ code: 'model.not_configured' }),
    );
    expect(() => createOpenAiClient(options)).not.toThrow(/password@/);
  },
);

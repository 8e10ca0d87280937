import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LonghaulError } from '../../contracts/error.ts';
import { type Answer, jsonAnswer, refusal } from './answer.ts';
import { type BackgroundResponses, createBackgroundResponses } from './background.ts';
import { createConversationLog } from './conversation-log.ts';
import { parseRequest } from './request.ts';
import { type Responded, respondTo } from './respond.ts';
import type { Scenario } from './scenario.ts';

export interface ReceivedRequest extends Omit<Responded, 'answer' | 'delayMs' | 'response'> {
  /** The body's bytes as they came; empty unless `keepBodies`. */
  readonly body: Uint8Array;
  readonly bytes: number;
  readonly promptCacheKey: string | null;
}

export interface ScriptedModel {
  /** The base URL for a client: `http://127.0.0.1:<port>/v1`. */
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  readonly background: Pick<BackgroundResponses, 'cancelled' | 'expire'>;
  /** What went wrong so far: requests that the scenario does not expect, and turns that nobody asked for. */
  problems(): readonly string[];
  /** Ends every connection, hung ones too. */
  close(): Promise<void>;
}

export interface ScriptedModelOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Keeps each request's bytes, for tests that compare them. A long load run would fill the memory. */
  readonly keepBodies: boolean;
  /** Awaited before a request is answered. */
  readonly onRequest?: (request: ReceivedRequest) => Promise<void>;
}

const maxRequestBytes = 512 * 1024 * 1024;

/** Starts a model server on the loopback interface that speaks the Responses API from a scenario. Throws `server.port_busy`. */
export async function startScriptedModel(
  scenario: Scenario,
  options: ScriptedModelOptions = { port: 0, keepBodies: false },
): Promise<ScriptedModel> {
  const log = createConversationLog(scenario);
  const requests: ReceivedRequest[] = [];
  const background = createBackgroundResponses(() => performance.now());
  const closing = new AbortController();

  const respondToBody = async (body: Uint8Array): Promise<Answer> => {
    const request = parseRequest(body);
    if (typeof request === 'string')
      return refusal(400, log.report(`a request is not understood: ${request}`));
    const { answer, delayMs, response, ...responded } = respondTo(scenario, request, log);
    const promptCacheKey = request.prompt_cache_key ?? null;
    const kept = options.keepBodies ? body : new Uint8Array();
    const received = { ...responded, body: kept, bytes: body.byteLength, promptCacheKey };
    requests.push(received);
    await options.onRequest?.(received);
    if (request.background === true) {
      // It tells its id at once and takes its time then.
      if (response !== null) background.begin(response, delayMs);
      return { ...answer, pauseMs: delayMs };
    }
    if (delayMs > 0) await delay(delayMs, undefined, { signal: closing.signal });
    return answer;
  };

  const respond = async (incoming: IncomingMessage): Promise<Answer> => {
    const { method = '', url = '' } = incoming;
    if (`${method} ${url}` === 'POST /v1/responses') return respondToBody(await readBody(incoming));
    if (`${method} ${url}` === 'GET /v1/models') {
      return jsonAnswer(200, { object: 'list', data: [{ id: scenario.model, object: 'model' }] });
    }
    const known = background.answer(method, url);
    return known ?? refusal(404, log.report(`${method} ${url} is not served; POST /v1/responses is`));
  };

  const server = createServer((incoming, outgoing) => {
    respond(incoming)
      .then((answer) => play(answer, incoming, outgoing, closing.signal))
      .catch(() => incoming.socket.destroy());
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    background,
    problems: log.problems,
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new LonghaulError(
      'server.port_busy',
      `The scripted model cannot listen on 127.0.0.1:${port}. Give another port, or 0 for a free one.`,
      { cause: error },
    );
  }
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of incoming) {
    const buffer = Buffer.from(piece);
    bytes += buffer.byteLength;
    if (bytes > maxRequestBytes) throw new Error('request too large');
    pieces.push(buffer);
  }
  return Buffer.concat(pieces);
}

async function play(
  answer: Answer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (answer.status !== null) {
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.flushHeaders();
  }
  for (const [index, piece] of answer.body.entries()) {
    if (index === 1 && answer.pauseMs !== undefined) await delay(answer.pauseMs, undefined, { signal });
    await write(outgoing, piece);
  }
  switch (answer.ending) {
    case 'end':
      outgoing.end();
      return;
    case 'reset':
      // What was written has to reach the client first: a reset throws away what still waits to be sent.
      await new Promise((resolve) => setImmediate(resolve));
      incoming.socket.resetAndDestroy();
      return;
    case 'stall':
      return;
    case 'endless':
      while (!outgoing.destroyed) await write(outgoing, answer.body.at(-1) ?? '');
  }
}

async function write(outgoing: ServerResponse, piece: string | Uint8Array): Promise<void> {
  if (outgoing.destroyed || outgoing.write(piece)) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(outgoing, 'drain', { signal }), once(outgoing, 'close', { signal })]);
  } finally {
    settled.abort();
  }
}

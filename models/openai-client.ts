import { OpenAI } from 'openai';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { ModelClient, ModelResponse, ModelWatch } from '../contracts/model-client.ts';
import { createBackground } from './background.ts';
import { classifyModelError, type ErrorScene, modelError } from './classify-error.ts';
import { factsOfErrorBody, factsOfThrown } from './error-facts.ts';
import { createLimitedFetch } from './limited-fetch.ts';
import type { ModelProfile } from './profile.ts';
import { type RequestBody, requestBody } from './request-body.ts';
import { countedTokens, parseResponse } from './response-schema.ts';
import { goingOn, readDocument, readStream, type StreamEnd, type StreamListener } from './response-stream.ts';
import { outputText, summaryRequest } from './transcript.ts';

export interface OpenAiClientOptions {
  readonly baseUrl: string;
  /** Sent as a bearer token; a server that wants none takes any text. */
  readonly apiKey: string;
  readonly organization: string | null;
  readonly project: string | null;
  /** The longest silence: until the headers, and between two pieces of the body. */
  readonly idleTimeoutMs: number;
  /** One call, from its start to its last byte. */
  readonly requestTimeoutMs: number;
  /** A larger answer is `model.bad_response`. */
  readonly maxResponseBytes: number;
  /** How often a response that is picked up is asked after. */
  readonly pollIntervalMs: number;
  readonly profileOf: (model: string) => ModelProfile;
  readonly nowMs: () => number;
}

/** How long a call may take, how long it may be silent, how large it may be, and how often a background response is looked for. */
export type ModelLimits = Readonly<Record<keyof typeof defaultModelLimits, number>>;

/** What suits a real provider: five minutes of silence, an hour for an answer, 16 MiB, a second between two looks. */
export const defaultModelLimits = {
  idleTimeoutMs: 300_000,
  requestTimeoutMs: 3_600_000,
  maxResponseBytes: 16 * 1024 * 1024,
  pollIntervalMs: 1000,
} as const;

/**
 * The Responses API over HTTP, by the official client with its own retries off: one call is one request, and each is paid. The input and
 * tools go out as given, so that a transcript which only grows keeps the provider's prompt cache. Throws as `ModelClient` says,
 * `model.not_configured` for options that cannot work, and the signal's reason when it is aborted.
 */
export function createOpenAiClient(options: OpenAiClientOptions): ModelClient {
  const host = hostOf(options.baseUrl);
  if (options.apiKey === '') {
    throw new LonghaulError(
      'model.not_configured',
      `No API key for the model server ${host}. Set OPENAI_API_KEY; a server that needs none takes any text.`,
    );
  }
  const scene = (): ErrorScene => ({ host, nowMs: options.nowMs(), secrets: [options.apiKey] });
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey,
    adminAPIKey: null,
    organization: options.organization,
    project: options.project,
    webhookSecret: null,
    maxRetries: 0,
    timeout: options.idleTimeoutMs,
    logLevel: 'off',
    fetch: createLimitedFetch(
      { idleTimeoutMs: options.idleTimeoutMs, maxBytes: options.maxResponseBytes },
      scene,
    ),
  });

  const begin = async (body: RequestBody, watch: ModelWatch, signal: AbortSignal): Promise<StreamEnd> => {
    const response = await client
      .post('/responses', { body: body.json, headers: jsonHeaders, stream: true, signal })
      .asResponse()
      .catch((error: unknown) => {
        throw errorCode(error) === undefined ? classifyModelError(factsOfThrown(error), scene()) : error;
      });
    const onBegun = (id: string) => (body.background ? watch.onBackground(id) : undefined);
    return readEnd(response, client, { onCharacters: progressOf(watch), onBegun }, scene);
  };

  const background = createBackground(client, options.pollIntervalMs, scene);

  const send = async (body: RequestBody, watch: ModelWatch, signal: AbortSignal): Promise<ModelResponse> => {
    const pickedUp = watch.pickUp === null ? undefined : await background.pickUp(watch.pickUp, body, signal);
    const end = pickedUp ?? (await begin(body, watch, signal));
    // An aborted stream ends as if the server had ended it.
    signal.throwIfAborted();
    return conclude(end, body, scene());
  };

  const call = async (body: RequestBody, watch: ModelWatch): Promise<ModelResponse> => {
    watch.signal.throwIfAborted();
    const deadline = AbortSignal.timeout(options.requestTimeoutMs);
    try {
      return await send(body, watch, AbortSignal.any([watch.signal, deadline]));
    } catch (error) {
      watch.signal.throwIfAborted();
      if (deadline.aborted) throw tooSlow(options.requestTimeoutMs, scene());
      throw errorCode(error) === undefined ? broken(error, scene()) : error;
    }
  };

  return {
    respond: (request, watch) => call(requestBody(request, options.profileOf(request.model), 'auto'), watch),
    async compact(request, watch) {
      const asked = summaryRequest(request);
      const response = await call(requestBody(asked, options.profileOf(request.model), 'none'), watch);
      const { output, usage, responseId } = response;
      const summary = outputText(output);
      if (summary !== '') return { summary, usage, responseId };
      throw modelError('model.bad_response', 'gave a summary without text.', scene(), {
        details: { ...usage, responseEnded: true },
      });
    },
    cancel: background.cancel,
  };
}

const jsonHeaders = { 'content-type': 'application/json' };

async function readEnd(
  response: Response,
  client: OpenAI,
  hear: StreamListener,
  scene: () => ErrorScene,
): Promise<StreamEnd> {
  const type = (response.headers.get('content-type') ?? '').toLowerCase();
  if (type.includes('json')) return readOnly(await response.json(), hear);
  if (!type.includes('html')) return readStream(response, client, hear);
  await response.body?.cancel();
  throw modelError(
    'model.bad_response',
    `answered with a web page (${type}), not with the Responses API. Check the base URL.`,
    scene(),
  );
}

/** A server that does not stream gives a document, of a background response one that has only begun. */
function readOnly(document: unknown, { onBegun }: StreamListener): StreamEnd {
  const begun = goingOn(document);
  if (begun !== undefined) onBegun(begun);
  return readDocument(document);
}

function conclude(end: StreamEnd, body: RequestBody, scene: ErrorScene): ModelResponse {
  switch (end.kind) {
    case 'failed':
      throw classifyModelError(factsOfErrorBody(end.error), scene, endedDetails(end.response));
    case 'incomplete':
      throw modelError('model.bad_response', `gave an incomplete answer (${end.reason}).`, scene, {
        details: { reason: end.reason, ...endedDetails(end.response) },
      });
    case 'ended':
      throw modelError('model.stream_broken', 'ended its answer before it was complete.', scene);
    case 'completed': {
      const requestBytes = body.json.byteLength;
      const parsed = parseResponse(end.response, end.items, { model: body.model, requestBytes });
      if (parsed.ok) return parsed.response;
      throw modelError('model.bad_response', `gave an answer that is of no use: ${parsed.reason}.`, scene, {
        details: endedDetails(end.response),
      });
    }
  }
}

const endedDetails = (response: unknown) => ({ ...countedTokens(response), responseEnded: true });

function broken(error: unknown, scene: ErrorScene): LonghaulError {
  if (error instanceof SyntaxError)
    return modelError('model.bad_response', 'sent an answer that is no JSON.', scene);
  const { systemCode } = factsOfThrown(error);
  const why = systemCode === null ? '' : ` (${systemCode})`;
  return modelError('model.stream_broken', `broke off in the middle of its answer${why}.`, scene);
}

function tooSlow(requestTimeoutMs: number, scene: ErrorScene): LonghaulError {
  return modelError(
    'model.stream_broken',
    `had not finished its answer after ${requestTimeoutMs} ms.`,
    scene,
  );
}

const progressIntervalMs = 250;

function progressOf(watch: ModelWatch): (count: number) => void {
  let characters = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (count) => {
    characters += count;
    const nowMs = performance.now();
    if (nowMs - toldAtMs < progressIntervalMs) return;
    toldAtMs = nowMs;
    watch.onProgress(characters);
  };
}

function hostOf(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return url.host;
  throw new LonghaulError(
    'model.not_configured',
    'The base URL of the model server is not usable. Expected http:// or https:// and a host, without user name or password, such as https://api.openai.com/v1.',
  );
}

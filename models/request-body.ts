import type { ModelRequest } from '../contracts/model-client.ts';
import type { ModelProfile } from './profile.ts';

/** A request as it goes over the wire. */
export interface RequestBody {
  readonly model: string;
  readonly json: Uint8Array;
  /** Whether the response goes on when nobody listens. */
  readonly background: boolean;
  /** What a response is to hold besides its items. */
  readonly include: readonly string[];
}

/** The request's JSON, made around the input's bytes: the input is copied once and looked into by nobody, however long it is. */
export function requestBody(
  request: ModelRequest,
  profile: ModelProfile,
  toolChoice: 'auto' | 'none',
): RequestBody {
  const include = profile.encryptedReasoning ? ['reasoning.encrypted_content'] : [];
  const { background } = profile;
  const head = `{"model":${JSON.stringify(request.model)},"input":[`;
  const rest = JSON.stringify({
    tools: request.tools,
    // Leaving the tools out of a summary's request would lose the cached prefix just when it is largest.
    tool_choice: toolChoice,
    parallel_tool_calls: true,
    stream: true,
    // A response that nobody listens to can be picked up only where it is stored.
    store: background,
    ...(background ? { background } : {}),
    prompt_cache_key: request.promptCacheKey,
    ...(include.length > 0 ? { include } : {}),
    ...(profile.reasoning ? { reasoning: { effort: request.effort } } : {}),
  });
  const json = Buffer.concat([Buffer.from(head), request.input.json, Buffer.from(`],${rest.slice(1)}`)]);
  return { model: request.model, json, background, include };
}

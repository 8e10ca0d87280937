import type { ModelRequest } from '../contracts/model-client.ts';
import type { ModelProfile } from './profile.ts';

/** A request as it goes over the wire. */
export interface RequestBody {
  readonly model: string;
  readonly json: Uint8Array;
}

/** The request's JSON, made around the input's bytes: the input is copied once and looked into by nobody, however long it is. */
export function requestBody(
  request: ModelRequest,
  profile: ModelProfile,
  toolChoice: 'auto' | 'none',
): RequestBody {
  const head = `{"model":${JSON.stringify(request.model)},"input":[`;
  const rest = JSON.stringify({
    tools: request.tools,
    // Leaving the tools out of a summary's request would lose the cached prefix just when it is largest.
    tool_choice: toolChoice,
    parallel_tool_calls: true,
    stream: true,
    store: false,
    prompt_cache_key: request.promptCacheKey,
    ...(profile.encryptedReasoning ? { include: ['reasoning.encrypted_content'] } : {}),
    ...(profile.reasoning ? { reasoning: { effort: request.effort } } : {}),
  });
  const json = Buffer.concat([Buffer.from(head), request.input.json, Buffer.from(`],${rest.slice(1)}`)]);
  return { model: request.model, json };
}

import type { ModelClient, ModelWatch } from '../contracts/model-client.ts';
import type { PlanKept } from './plan-kept.ts';
import type { Pulse } from './pulse.ts';

/** How a call of the model is watched; one that an earlier try began in the background, for the same `request`, is picked up. */
export function watchCall(pulse: Pulse, { now, keep }: PlanKept, request: string): ModelWatch {
  const { response } = now;
  return {
    signal: pulse.signal,
    onProgress: (characters) => pulse.say('the model answers', `${characters} characters`),
    pickUp: response !== null && response.request === request ? response.id : null,
    onBackground: (id) => keep({ response: { id, request, counted: false } }),
  };
}

/** Ends what goes on in the background when a person has ended the task; a worker that shuts down leaves it to the next one. */
export async function cancelAbandoned(pulse: Pulse, { now }: PlanKept, model: ModelClient): Promise<void> {
  if (now.response === null || !pulse.signal.aborted || !pulse.cancelRequested()) return;
  // The task ends either way; a response that cannot be ended costs what it would have cost.
  await model.cancel(now.response.id).catch(() => undefined);
}

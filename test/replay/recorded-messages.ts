import type { RecordedEvent, RecordedHistory } from './histories.ts';

/** What was said to a workflow: `start` and `continue` are what a run began with, the others are the names of messages. */
export interface RecordedMessage {
  readonly name: string;
  readonly payload: unknown;
}

interface Payloads {
  readonly payloads?: readonly { readonly data: string }[];
}

/** The messages of a recorded run, oldest first. */
export function recordedMessages({ events }: RecordedHistory): readonly RecordedMessage[] {
  return events.flatMap(messagesOf);
}

function messagesOf(event: RecordedEvent): readonly RecordedMessage[] {
  const started = attributes<{ readonly input?: Payloads }>(event, 'workflowExecutionStarted');
  if (started) return began(first(started.input));
  const signaled = attributes<{ readonly signalName: string; readonly input?: Payloads }>(
    event,
    'workflowExecutionSignaled',
  );
  if (signaled) return [{ name: signaled.signalName, payload: first(signaled.input) }];
  const accepted = attributes<{
    readonly acceptedRequest?: { readonly input?: { readonly name: string; readonly args?: Payloads } };
  }>(event, 'workflowExecutionUpdateAccepted');
  const update = accepted?.acceptedRequest?.input;
  return update ? [{ name: update.name, payload: first(update.args) }] : [];
}

function attributes<T>(event: RecordedEvent, type: string): T | undefined {
  return event[`${type}EventAttributes`] as T | undefined;
}

function first(input: Payloads | undefined): unknown {
  const data = input?.payloads?.[0]?.data;
  return data === undefined ? undefined : JSON.parse(Buffer.from(data, 'base64').toString());
}

function began(input: unknown): readonly RecordedMessage[] {
  const { type, spec, state } = input as {
    readonly type: string;
    readonly spec?: unknown;
    readonly state?: unknown;
  };
  return [{ name: type, payload: type === 'start' ? spec : state }];
}

import type { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { AnswerSchema } from '../../contracts/approval.ts';
import { ChangeSchema } from '../../contracts/change.ts';
import { type Saw, SawSchema } from '../../contracts/saw.ts';
import type { Said } from '../../contracts/task-event.ts';
import { messageName } from '../../contracts/words/messages.ts';
import type { EventBody } from './event-body.ts';
import { firstValue } from './payloads.ts';

type UpdateAccepted = temporal.api.history.v1.IWorkflowExecutionUpdateAcceptedEventAttributes;
type UpdateCompleted = temporal.api.history.v1.IWorkflowExecutionUpdateCompletedEventAttributes;
type Signaled = temporal.api.history.v1.IWorkflowExecutionSignaledEventAttributes;

/** An update that was let in; what came of it is a later event. */
export interface PendingUpdate {
  readonly name: string;
  readonly value: unknown;
}

export function pendingUpdate(accepted: UpdateAccepted): PendingUpdate {
  const input = accepted.acceptedRequest?.input;
  return { name: input?.name ?? '', value: firstValue(input?.args) };
}

/** What an update did, once it is known whether it was taken. */
export function updateEvents(
  { name, value }: PendingUpdate,
  { outcome }: UpdateCompleted,
): readonly EventBody[] {
  const failure = outcome?.failure;
  const refused = failure ? (failure.message ?? 'refused') : undefined;
  if (name === messageName.decide) return answered(value, refused === undefined, refused);
  if (name !== messageName.rollback && name !== messageName.change) return [];
  if (refused !== undefined)
    return [{ type: 'message.refused', what: name, reason: refused, ...saidOf(value) }];
  return name === messageName.rollback ? rollbackEvents(value) : changeEvents(value);
}

function rollbackEvents(value: unknown): readonly EventBody[] {
  const { toIteration } = RollbackFormSchema.parse(value);
  return [{ type: 'task.rollback_requested', toIteration, ...saidOf(value) }];
}

function changeEvents(value: unknown): readonly EventBody[] {
  const { budget, model, constraints } = ChangeFormSchema.parse(value);
  return [{ type: 'task.changed', budget, model, constraints, ...saidOf(value) }];
}

/** Not strict: what a message holds besides does not keep it from counting, so it must not keep it out of the story. */
const AnswerFormSchema = z.object(AnswerSchema.shape);
const ChangeFormSchema = z.object(ChangeSchema.shape).partial({ by: true, saw: true }).catch({
  budget: null,
  model: null,
  constraints: null,
});
const RollbackFormSchema = z.object({ toIteration: z.number() }).catch({ toIteration: 0 });

function answered(value: unknown, accepted: boolean | null, refused?: string): readonly EventBody[] {
  const answer = AnswerFormSchema.safeParse(value);
  if (!answer.success) return [];
  const why = refused === undefined ? {} : { refused };
  return [{ type: 'approval.answered', answer: answer.data, accepted, ...why }];
}

/** A signal's payload may be anything: it comes from whoever may signal. */
export function signalEvents(signaled: Signaled): readonly EventBody[] {
  const value = firstValue(signaled.input);
  const said = saidOf(value);
  switch (signaled.signalName ?? '') {
    case messageName.decision:
      return answered(value, null);
    case messageName.steer: {
      const text = partOf(value, 'text');
      return typeof text !== 'string' || text.trim() === '' ? [] : [{ type: 'task.steered', text, ...said }];
    }
    case messageName.pause:
      return [{ type: 'task.paused', ...said }];
    case messageName.resume:
      return [{ type: 'task.resumed', ...said }];
    case messageName.cancel: {
      const mode = partOf(value, 'mode') === 'soft' ? 'soft' : 'now';
      return [{ type: 'task.cancel_requested', mode, ...said }];
    }
    default:
      return [];
  }
}

function saidOf(value: unknown): Said {
  const by = partOf(value, 'by');
  const name = typeof by === 'string' ? by : partOf(by, 'name');
  const saw = SawSchema.safeParse(partOf(value, 'saw'));
  return { by: typeof name === 'string' ? name : '', ...sawPart(saw.success ? saw.data : undefined) };
}

function sawPart(saw: Saw | undefined): { readonly saw?: Saw } {
  return saw === undefined ? {} : { saw };
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

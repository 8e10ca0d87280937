import type { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { AnswerSchema } from '../../contracts/approval.ts';
import { messageName } from '../../contracts/words/messages.ts';
import type { EventBody } from './event-body.ts';
import { firstValue } from './payloads.ts';

type UpdateAccepted = temporal.api.history.v1.IWorkflowExecutionUpdateAcceptedEventAttributes;
type Signaled = temporal.api.history.v1.IWorkflowExecutionSignaledEventAttributes;

export function answerEvents(accepted: UpdateAccepted): readonly EventBody[] {
  const input = accepted.acceptedRequest?.input;
  if (input?.name !== messageName.decide) return [];
  return answered(firstValue(input.args), true);
}

/** Not strict: what an answer holds besides does not keep it from counting, so it must not keep it out of the story. */
const AnswerFormSchema = z.object(AnswerSchema.shape);

function answered(value: unknown, accepted: boolean | null): readonly EventBody[] {
  const answer = AnswerFormSchema.safeParse(value);
  return answer.success ? [{ type: 'approval.answered', answer: answer.data, accepted }] : [];
}

/** A signal's payload may be anything: it comes from whoever may signal. */
export function signalEvents(signaled: Signaled): readonly EventBody[] {
  const value = firstValue(signaled.input);
  const by = textOf(value, 'by');
  switch (signaled.signalName ?? '') {
    case messageName.decision:
      return answered(value, null);
    case messageName.steer: {
      const text = textOf(value, 'text');
      return text.trim() === '' ? [] : [{ type: 'task.steered', text, by }];
    }
    case messageName.pause:
      return [{ type: 'task.paused', by }];
    case messageName.resume:
      return [{ type: 'task.resumed', by }];
    case messageName.cancel:
      return [{ type: 'task.cancel_requested', by }];
    default:
      return [];
  }
}

function textOf(value: unknown, key: string): string {
  if (typeof value !== 'object' || value === null) return '';
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' ? found : '';
}

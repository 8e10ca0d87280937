import type { Steer } from '../contracts/activities.ts';
import { plainText } from './plain-text.ts';
import { noteMessage, partOf, senderOf } from './sender.ts';
import type { Task } from './task.ts';

const maxSteerCharacters = 8000;
/** Of what waits for a plan: the state that continue-as-new carries must stay far below the server's limit of 2 MB. */
const maxWaiting = { steers: 500, characters: 205_000 };

/** Takes a steer of any form. One without words is nothing; one that does not fit is refused where everybody sees it. */
export function steered(task: Task, payload: unknown): void {
  const text = partOf(payload, 'text');
  if (typeof text !== 'string' || text.trim() === '') return;
  const { name } = senderOf(payload, 'signal');
  const steer: Steer = { text: plainText(text, maxSteerCharacters), by: name };
  const reason = fits(task.state.steers, steer)
    ? null
    : `${task.state.steers.length} messages wait for the next plan: this one was not taken, send it again later`;
  noteMessage(task, { kind: 'steer', payload, via: 'signal' }, text, reason);
  if (reason === null) task.apply({ type: 'steered', steer });
  else task.apply({ type: 'answer_refused', approvalId: 'steer', reason, atMs: Date.now() });
}

function fits(waiting: readonly Steer[], steer: Steer): boolean {
  const characters = waiting.reduce((sum, one) => sum + charactersOf(one), charactersOf(steer));
  return waiting.length < maxWaiting.steers && characters <= maxWaiting.characters;
}

function charactersOf({ text, by }: Steer): number {
  return text.length + by.length;
}

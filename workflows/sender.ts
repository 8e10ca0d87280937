import type { Actor } from '../contracts/approval.ts';
import type { Digest } from '../contracts/ids.ts';
import type { Intervention } from '../contracts/intervention.ts';
import type { Saw } from '../contracts/saw.ts';
import { identityProof } from '../contracts/words/sets.ts';
import { plainText } from './plain-text.ts';
import type { Task } from './task.ts';

const digestForm = /^sha256:[0-9a-f]{64}$/;
export const maxNameCharacters = 200;
const maxAboutCharacters = 300;
const maxRefusedCharacters = 500;

export type Via = 'update' | 'signal';

/** A part of a payload that may be anything: whoever may send a message chooses it. */
export function partOf(payload: unknown, key: string): unknown {
  return typeof payload === 'object' && payload !== null ? Reflect.get(payload, key) : undefined;
}

/** Who sent a payload of any kind, and how that is known: a signal proves nobody. */
export function senderOf(payload: unknown, via: Via): Actor {
  const by = partOf(payload, 'by');
  const name = typeof by === 'string' ? by : partOf(by, 'name');
  const known = via === 'update' && partOf(by, 'proof') === identityProof.osUser;
  return {
    name: typeof name === 'string' && name !== '' ? plainText(name, maxNameCharacters) : 'unknown',
    proof: known ? identityProof.osUser : identityProof.signal,
  };
}

/** What the sender's screen was based on; null when it quotes nothing that has the form of it. */
export function sawOf(payload: unknown): Saw | null {
  const saw = partOf(payload, 'saw');
  const [iteration, head] = [partOf(saw, 'iteration'), partOf(saw, 'head')];
  if (typeof iteration !== 'number' || !Number.isSafeInteger(iteration) || iteration < 0) return null;
  if (head === null) return { iteration, head };
  return isDigest(head) ? { iteration, head } : null;
}

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && digestForm.test(value);
}

export interface Message {
  readonly kind: Intervention['kind'];
  readonly payload: unknown;
  readonly via: Via;
}

/** Keeps for the record that somebody told the task something, and what became of it. */
export function noteMessage(
  task: Task,
  { kind, payload, via }: Message,
  about: string,
  refused: string | null = null,
): void {
  const intervention: Intervention = {
    kind,
    by: senderOf(payload, via),
    atMs: Date.now(),
    saw: sawOf(payload),
    about: plainText(about, maxAboutCharacters),
    refused: refused === null ? null : plainText(refused, maxRefusedCharacters),
  };
  task.apply({ type: 'intervened', intervention });
}

import { builtInPolicy } from './load.ts';
import { parsePolicy } from './parse-policy.ts';
import type { Policy } from './schema.ts';

/** A task's policy: the built-in one of this name, or the file's text. Throws `policy.not_found` and `policy.invalid`. */
export function resolvePolicy(name: string, text: string | null): Policy {
  return text === null ? builtInPolicy(name) : parsePolicy(text, name);
}

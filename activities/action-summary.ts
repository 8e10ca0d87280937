import type { ActionBody } from '../contracts/action.ts';
import { cutText } from './cut-text.ts';

const maxCharacters = 160;

/** Space, controls, halves of characters, and what changes the direction of text or hides it; the joiner of emoji stays. */
const unseen = /(?:[\s\p{Cc}\p{Cs}]|(?!\u200D)\p{Cf})+/gu;

/** One line for people. Cut and flattened: whoever decides reads the whole body instead. */
export function summaryOf(body: ActionBody): string {
  return cutText(wordsOf(body).replaceAll(unseen, ' ').trim(), maxCharacters);
}

function wordsOf(body: ActionBody): string {
  switch (body.kind) {
    case 'shell':
      return body.line ?? body.argv.join(' ');
    case 'apply_patch':
      return patchedFiles(body.patch);
    case 'update_plan':
      return `update the plan (${body.steps.length} steps)`;
    case 'ask_human':
      return body.question;
    case 'deliver':
      return `deliver ${body.branch} at ${body.commit.slice(0, 12)}`;
    case 'invalid':
      return body.reason;
    default:
      return body satisfies never;
  }
}

function patchedFiles(patch: string): string {
  const heads = patch.matchAll(/^\*\*\* (Add|Update|Delete) File: (.+)$/gm);
  const files = [...heads].map(([, verb, path]) => `${String(verb).toLowerCase()} ${String(path)}`);
  return files.length === 0 ? 'apply a patch' : files.join(', ');
}

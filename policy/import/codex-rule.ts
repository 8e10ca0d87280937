import { z } from 'zod';
import { shellWord } from '../../contracts/shell-word.ts';

const word = z.string();
const words = z.array(word).min(1);
const ExampleSchema = z.union([word, words.transform((each) => each.map(shellWord).join(' '))]);
const longestReason = 300;

/** The arguments of a `prefix_rule`, as a rule of ours. */
export const CodexRuleSchema = z
  .strictObject({
    pattern: z.array(z.union([word, words])).min(1),
    decision: z.enum(['allow', 'prompt', 'forbidden']).nullish(),
    justification: z.string().trim().min(1).nullish(),
    match: z.array(ExampleSchema).nullish(),
    not_match: z.array(ExampleSchema).nullish(),
  })
  .transform(({ pattern, decision, justification, match, not_match }) => ({
    effect: effects[decision ?? 'allow'],
    rule: {
      shell: pattern,
      ...(justification ? { reason: cut(justification) } : {}),
      match: match ?? [],
      notMatch: not_match ?? [],
    },
    reasonCut: (justification ?? '').length > longestReason,
  }));
export type CodexRule = z.infer<typeof CodexRuleSchema>;
export type Effect = CodexRule['effect'];

const effects = { allow: 'allow', prompt: 'ask', forbidden: 'deny' } as const;

function cut(text: string): string {
  return text.length <= longestReason ? text : `${text.slice(0, longestReason - 1)}…`;
}

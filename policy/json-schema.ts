import { z } from 'zod';
import {
  KindRuleFileSchema,
  PathRuleFileSchema,
  PolicyFileSchema,
  RuleFileSchema,
  ShellRuleFileSchema,
} from './schema.ts';

/**
 * The form of a policy file as JSON Schema (draft 2020-12), for editors. It knows keys and values; that ids differ and that rules keep their
 * examples is checked by `parsePolicy` alone.
 */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  const of = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' });
  const rules = [ShellRuleFileSchema, PathRuleFileSchema, KindRuleFileSchema].map((schema) => {
    const { $schema: _, ...rule } = of(schema);
    return rule;
  });
  const whole = z.toJSONSchema(PolicyFileSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      if (zodSchema !== RuleFileSchema) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key as keyof typeof jsonSchema];
      jsonSchema.anyOf = rules as typeof jsonSchema.anyOf & object;
    },
  });
  return { title: 'A policy of Longhaul', ...whole };
}

import { stringify } from 'yaml';
import { LonghaulError } from '../../contracts/error.ts';
import { failingExamples } from '../examples.ts';
import { flatten } from '../flatten.ts';
import { parsePolicy } from '../parse-policy.ts';
import { PolicyFileSchema } from '../schema.ts';
import { type CodexRule, CodexRuleSchema, type Effect } from './codex-rule.ts';
import { type LiteralCall, parseLiteralCalls } from './literal-calls.ts';
import { LiteralSyntaxError } from './literal-tokens.ts';

export interface ImportedPolicy {
  /** A policy file that is valid. */
  readonly yaml: string;
  /** What could not be taken over, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * A policy of Codex's `prefix_rule`s (https://github.com/openai/codex, codex-rs/execpolicy). An example that holds there and not here, where wrappers
 * are seen through, is left out with a note. Throws `policy.invalid` for what cannot be read, with its line.
 */
export function importCodexRules(source: string, fileName: string, name: string): ImportedPolicy {
  const calls = callsIn(source, fileName);
  const rules = calls.filter((call) => call.name === 'prefix_rule').map((call) => ruleOf(call, fileName));
  const notes = [
    ...calls.filter((call) => call.name !== 'prefix_rule').map(leftOut),
    ...rules
      .filter(({ reasonCut }) => reasonCut)
      .map(({ line }) => `Line ${line}: the justification was cut.`),
  ];
  const of = (effect: Effect) => rules.filter((one) => one.effect === effect).map(({ rule }) => rule);
  const { file, failing } = withoutFailing({
    version: 1,
    name,
    allow: of('allow'),
    ask: of('ask'),
    deny: of('deny'),
  });
  const yaml = stringify(file, { lineWidth: 120 });
  parsePolicy(yaml, fileName);
  return { yaml, notes: [...notes, ...failing] };
}

function callsIn(source: string, fileName: string): readonly LiteralCall[] {
  try {
    return parseLiteralCalls(source);
  } catch (error) {
    if (!(error instanceof LiteralSyntaxError)) throw error;
    throw invalid(`${fileName}:${error.line}:${error.column}`, error.message);
  }
}

function ruleOf(
  { name, line, values }: LiteralCall,
  fileName: string,
): CodexRule & { readonly line: number } {
  const parsed = CodexRuleSchema.safeParse(values);
  if (parsed.success) return { ...parsed.data, line };
  const problems = parsed.error.issues.map(({ path, message }) => `${[name, ...path].join('.')}: ${message}`);
  throw invalid(`${fileName}:${line}`, problems.join('; '));
}

const reasons: Readonly<Record<string, string>> = {
  host_executable:
    'rules that ask and deny count for a program at any path here, and rules that allow for none',
  network_rule: 'commands have no network here; hosts that a setup may reach are listed under "setup"',
};

function leftOut({ name, line }: LiteralCall): string {
  return `Line ${line}: ${name} was left out: ${reasons[name] ?? 'it is not known here'}.`;
}

interface File {
  readonly version: 1;
  readonly name: string;
  readonly allow: readonly CodexRule['rule'][];
  readonly ask: readonly CodexRule['rule'][];
  readonly deny: readonly CodexRule['rule'][];
}

/** The same file without the examples that its rules do not keep. */
function withoutFailing(file: File): { readonly file: File; readonly failing: readonly string[] } {
  const parsed = PolicyFileSchema.safeParse(file);
  // What is wrong with it is told with its place when the YAML is read.
  if (!parsed.success) return { file, failing: [] };
  const problems = failingExamples(parsed.data, flatten(parsed.data, null));
  const failing = new Set(problems.map(({ path }) => path.join('/')));
  const keep = (effect: Effect) =>
    file[effect].map((rule, index) => ({
      ...rule,
      match: rule.match.filter((_, at) => !failing.has(`${effect}/${index}/match/${at}`)),
      notMatch: rule.notMatch.filter((_, at) => !failing.has(`${effect}/${index}/notMatch/${at}`)),
    }));
  return {
    file: { ...file, allow: keep('allow'), ask: keep('ask'), deny: keep('deny') },
    failing: problems.map(({ message }) => `An example was left out: ${message}.`),
  };
}

function invalid(place: string, found: string): LonghaulError {
  return new LonghaulError(
    'policy.invalid',
    `${place}: ${found}. Only calls with texts and lists as arguments can be imported.`,
  );
}

import type { Document } from 'yaml';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { LonghaulError } from '../contracts/error.ts';
import { failingExamples } from './examples.ts';
import { flatten, type PolicyProblem, problemsAcross } from './flatten.ts';
import { builtInPolicy } from './load.ts';
import { builtInNames, type Policy, PolicyFileSchema } from './schema.ts';

const maxPolicyLength = 262_144;
const maxProblems = 5;

/**
 * Reads a policy file (YAML 1.2) with what it extends. Throws `policy.invalid` with line and column, what was expected and what was
 * found: for text that is not YAML, unknown keys, wrong values, and examples that their rule does not keep.
 */
export function parsePolicy(text: string, fileName: string): Policy {
  if (text.length > maxPolicyLength) {
    throw invalid(fileName, [`expected at most ${maxPolicyLength} characters, found ${text.length}`]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    version: '1.2',
    stringKeys: true,
  });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const at = lines.linePos(broken.pos[0]);
    throw invalid(fileName, [
      `${at.line}:${at.col}: expected YAML, found: ${broken.message.split('\n')[0] ?? ''}`,
    ]);
  }
  const place = (problem: PolicyProblem): string =>
    `${position(document, lines, problem.path)}: ${problem.message}`;
  const parsed = PolicyFileSchema.safeParse(toValue(document, fileName), { reportInput: true });
  if (!parsed.success)
    throw invalid(
      fileName,
      parsed.error.issues.map((issue) => place(toProblem(issue))),
    );
  const file = parsed.data;
  const base = file.extends === undefined ? null : builtInPolicy(file.extends);
  const policy = flatten(file, base);
  const problems = [...takenName(file.name), ...problemsAcross(file, base), ...failingExamples(file, policy)];
  if (problems.length > 0) throw invalid(fileName, problems.map(place));
  return policy;
}

function toValue(document: Document, fileName: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 });
  } catch (cause) {
    throw invalid(fileName, [`expected at most 50 uses of aliases, found: ${String(cause)}`], cause);
  }
}

function takenName(name: string): readonly PolicyProblem[] {
  const taken = (builtInNames as readonly string[]).includes(name);
  return taken
    ? [{ path: ['name'], message: `expected a name of its own, found the built-in policy's name "${name}"` }]
    : [];
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly input?: unknown;
  readonly keys?: readonly string[];
}

function toProblem(issue: Issue): PolicyProblem {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? key.toString() : key));
  const name = path.join('.') || 'the policy';
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys ?? [];
    return { path: [...path, key], message: `${name}: expected only known keys, found "${key}"` };
  }
  const message = issue.message.replace(/^Invalid (?:input|option): /, '').replace(/, received .*$/, '');
  return {
    path,
    message: message.includes('found')
      ? `${name}: ${message}`
      : `${name}: ${message}, found ${described(issue.input)}`,
  };
}

function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** Where the deepest part of a path that is there begins, as `line:column`. */
function position(document: Document, lines: LineCounter, path: readonly (string | number)[]): string {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      const at = lines.linePos(node.range[0]);
      return `${at.line}:${at.col}`;
    }
  }
  return '1:1';
}

function invalid(fileName: string, problems: readonly string[], cause?: unknown): LonghaulError {
  const shown = problems.slice(0, maxProblems).map((problem) => `\n  ${fileName}:${problem}`);
  const more = problems.length > maxProblems ? `\n  and ${problems.length - maxProblems} more` : '';
  const message = `The policy ${fileName} is not valid:${shown.join('')}${more}\nSee docs/policy.md for what a policy may say.`;
  return new LonghaulError('policy.invalid', message, {
    cause,
    details: { file: fileName, problems: problems.length },
  });
}

import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

/** What a YAML text says, or what is wrong with it, a line each. */
export type YamlSettings<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a text by its schema; each problem names the line that it is on, where it is on one. */
export function yamlSettings<T>(text: string, schema: z.ZodType<T>): YamlSettings<T> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const lineAt = (offset: number) => `line ${lineCounter.linePos(offset).line}`;
  const [broken] = document.errors;
  if (broken !== undefined) return { ok: false, problems: [`${lineAt(broken.pos[0])}: ${broken.message}`] };
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.flatMap(problemsOf).map(({ path, problem }) => {
    const offset = offsetOf(document.contents, path);
    const words = path.length === 0 ? problem : `${path.join('.')}: ${problem}`;
    return offset === null ? words : `${lineAt(offset)}: ${words}`;
  });
  return { ok: false, problems };
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, problem: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key], problem: 'there is no such setting' }));
}

/** Where the key stands, or the value of a list; null for what is not there. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number | null {
  let node: unknown = root;
  let offset: number | null = null;
  for (const step of path) {
    if (!isMap(node)) return offset;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
    if (pair === undefined) return null;
    offset = isNode(pair.key) ? ((pair.key as Node).range?.[0] ?? null) : null;
    node = pair.value;
  }
  return offset;
}

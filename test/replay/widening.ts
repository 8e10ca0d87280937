/** As much of JSON Schema as zod writes. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * Where a newer schema may refuse what an older one took, each as a path and a reason; empty when it takes all of it. Errs on the side of
 * naming too much: a keyword that it does not know has to be the same.
 */
export function narrowings(older: JsonSchema, newer: JsonSchema, path = '$'): readonly string[] {
  const olds = alternatives(older);
  const news = alternatives(newer);
  if (olds.length === 1 && news.length === 1) return single(olds[0] ?? {}, news[0] ?? {}, path);
  return olds.flatMap((old, index) => {
    const tries = news.map((one) => narrowings(old, one, `${path}|${index}`));
    return tries.some((found) => found.length === 0)
      ? []
      : (shortest(tries) ?? [`${path}: nothing takes it`]);
  });
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const any = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(any)) return any.flatMap(alternatives);
  const { type } = schema;
  return Array.isArray(type) ? type.map((one) => ({ ...schema, type: one })) : [schema];
}

const shortest = (all: readonly (readonly string[])[]) => all.toSorted((a, b) => a.length - b.length)[0];

const handled = new Set([
  'properties',
  'required',
  'items',
  'enum',
  'const',
  'additionalProperties',
  'default',
]);
const ignored = new Set(['$schema', 'description', 'title']);
/** Bounds that may only become wider. */
const atMost = new Set(['maxLength', 'maxItems', 'maximum', 'exclusiveMaximum']);
const atLeast = new Set(['minLength', 'minItems', 'minimum', 'exclusiveMinimum']);

function single(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  return [
    ...values(older, newer, path),
    ...properties(older, newer, path),
    ...items(older, newer, path),
    ...keywords(older, newer, path),
  ];
}

function values(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  const allowed = (schema: JsonSchema): readonly unknown[] | undefined => {
    if ('const' in schema) return [schema['const']];
    return Array.isArray(schema['enum']) ? schema['enum'] : undefined;
  };
  const [before, now] = [allowed(older), allowed(newer)];
  if (now === undefined) return [];
  if (before === undefined) return [`${path}: only ${JSON.stringify(now)} now`];
  return before
    .filter((value) => !now.includes(value))
    .map((value) => `${path}: no ${JSON.stringify(value)} any more`);
}

function properties(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  const olds = record(older['properties']);
  const news = record(newer['properties']);
  const neededBefore = list(older['required']);
  const strict = newer['additionalProperties'] === false;
  const gone = Object.keys(olds).filter((name) => strict && !(name in news));
  const needed = list(newer['required']).filter((name) => !neededBefore.includes(name));
  const both = Object.keys(olds).filter((name) => name in news);
  const closed = strict && older['additionalProperties'] !== false && 'properties' in older;
  return [
    ...gone.map((name) => `${path}.${name}: refused now`),
    ...needed.map((name) => `${path}.${name}: needed now`),
    ...(closed ? [`${path}: other properties are refused now`] : []),
    ...both.flatMap((name) => narrowings(olds[name] ?? {}, news[name] ?? {}, `${path}.${name}`)),
  ];
}

function items(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  if (!('items' in newer)) return [];
  return narrowings(record(older['items']), record(newer['items']), `${path}[]`);
}

function keywords(older: JsonSchema, newer: JsonSchema, path: string): readonly string[] {
  const names = [...new Set([...Object.keys(older), ...Object.keys(newer)])];
  return names
    .filter((name) => !handled.has(name) && !ignored.has(name))
    .filter((name) => !isWider(name, older[name], newer[name]))
    .map((name) => `${path}: ${name} was ${JSON.stringify(older[name])}, is ${JSON.stringify(newer[name])}`);
}

function isWider(name: string, older: unknown, newer: unknown): boolean {
  if (newer === undefined) return true;
  if (typeof older === 'number' && typeof newer === 'number') {
    if (atMost.has(name)) return newer >= older;
    if (atLeast.has(name)) return newer <= older;
  }
  if (
    name === 'pattern' &&
    typeof older === 'string' &&
    typeof newer === 'string' &&
    hasOptionalTail(older, newer)
  )
    return true;
  return JSON.stringify(older) === JSON.stringify(newer);
}

/** The same expression with a group before its end that need not be there. */
function hasOptionalTail(older: string, newer: string): boolean {
  const whole = older.endsWith('$') && newer.startsWith(older.slice(0, -1));
  return whole && /^\(\?:[^()|]*\)\?\$$/.test(newer.slice(older.length - 1));
}

const record = (value: unknown): Readonly<Record<string, JsonSchema>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, JsonSchema>>) : {};
const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value : []);

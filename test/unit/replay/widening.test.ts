import { expect, test } from 'vitest';
import { z } from 'zod';
import { narrowings } from '../../replay/widening.ts';

const found = (older: z.ZodType, newer: z.ZodType) =>
  narrowings(z.toJSONSchema(older, { io: 'input' }), z.toJSONSchema(newer, { io: 'input' }));
const base = { name: z.string().max(10), kind: z.enum(['a', 'b']), list: z.array(z.int()).max(3) };
const old = z.strictObject(base);

test.each<[string, z.ZodType]>([
  ['the same', old],
  ['another property that may be left out', z.strictObject({ ...base, more: z.string().optional() })],
  ['one with a default', z.strictObject({ ...base, more: z.string().default('') })],
  ['one more word of a closed set', z.strictObject({ ...base, kind: z.enum(['a', 'b', 'c']) })],
  ['a longer text', z.strictObject({ ...base, name: z.string().max(20) })],
  ['a value that may be null', z.strictObject({ ...base, name: z.string().max(10).nullable() })],
  ['a property that may be left out now', z.strictObject({ ...base, name: z.string().max(10).optional() })],
  ['one more alternative', z.union([old, z.string()])],
])('%s takes all that was taken', (_, newer) => {
  expect(found(old, newer)).toEqual([]);
});

test.each<[string, z.ZodType]>([
  ['a property that is needed now', z.strictObject({ ...base, more: z.string() })],
  ['a property that is gone', z.strictObject({ name: base.name, kind: base.kind })],
  ['a word less', z.strictObject({ ...base, kind: z.enum(['a']) })],
  ['a shorter text', z.strictObject({ ...base, name: z.string().max(9) })],
  ['a pattern', z.strictObject({ ...base, name: z.string().max(10).regex(/^a/) })],
  ['another type', z.strictObject({ ...base, name: z.int() })],
  ['other items', z.strictObject({ ...base, list: z.array(z.string()).max(3) })],
  ['fewer items', z.strictObject({ ...base, list: z.array(z.int()).max(2) })],
  ['a higher bound', z.strictObject({ ...base, list: z.array(z.int().positive()).max(3) })],
])('%s is seen', (_, newer) => {
  expect(found(old, newer)).not.toEqual([]);
});

test('a pattern whose end may have more is wider, and any other change of it is not', () => {
  const id = (pattern: RegExp) => z.strictObject({ id: z.string().regex(pattern) });
  expect(found(id(/^[a-z]+$/), id(/^[a-z]+(?:\.setup)?$/))).toEqual([]);
  expect(found(id(/^[a-z]+$/), id(/^[a-z]+(?:\.setup)$/))).not.toEqual([]);
  expect(found(id(/^[a-z]+(?:\.setup)?$/), id(/^[a-z]+$/))).not.toEqual([]);
  expect(found(id(/^[a-z]+$/), id(/^[a-y]+(?:\.setup)?$/))).not.toEqual([]);
});

test('an alternative that is gone is seen, and null too', () => {
  expect(found(z.union([old, z.string()]), old)).not.toEqual([]);
  expect(found(z.string().nullable(), z.string())).not.toEqual([]);
});

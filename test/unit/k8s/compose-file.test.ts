import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { searchAttribute } from '../../../contracts/words/messages.ts';
import { composeDocument, composeFile, composeFolder } from '../../helpers/compose-file.ts';
import schema from '../../helpers/compose-spec.schema.json' with { type: 'json' };

/** The Compose Specification's own, Apache-2.0, of 2026-06-23. It names a draft that Ajv knows by another name. */
const { $schema: _, ...compose } = schema;
const validate = new Ajv({ strict: false, validateFormats: false }).compile(compose);
const text = (name: string) => readFileSync(join(composeFolder, name), 'utf8');

test('docker-compose.yml is what the Compose Specification asks for', () => {
  validate(composeDocument());
  expect(validate.errors).toBeNull();
  expect(validate({ services: { one: { imge: 'x' } } })).toBe(false);
});

test('every image has a tag that names one version, or is built from a file that is there', () => {
  for (const [name, { image, ...service }] of Object.entries(composeFile().services)) {
    if (image === undefined) {
      const { build } = z.looseObject({ build: z.object({ dockerfile: z.string() }).loose() }).parse(service);
      expect(readFileSync(join(composeFolder, '../..', build.dockerfile), 'utf8')).toContain('FROM ');
    } else expect(`${name} ${image}`).toMatch(/:\d+\.\d+[\w.-]*$/);
  }
});

test('nothing that is started listens on more than this machine', () => {
  for (const [name, service] of Object.entries(composeFile().services)) {
    const { ports } = z.looseObject({ ports: z.array(z.string()).default([]) }).parse(service);
    for (const port of ports) expect(`${name} ${port}`).toMatch(/^\S+ 127\.0\.0\.1:/);
  }
});

test('the namespace gets every search attribute that Longhaul asks by', () => {
  const made = [...text('make-namespace.sh').matchAll(/--name (\w+)/g)].map(([, name]) => name);
  expect(made.toSorted()).toEqual(Object.values(searchAttribute).toSorted());
});

test('the collector sends on what the server sends it', () => {
  const config = z
    .object({
      receivers: z.record(z.string(), z.unknown()),
      processors: z.record(z.string(), z.unknown()),
      exporters: z.record(z.string(), z.looseObject({ endpoint: z.string() })),
      service: z.object({
        pipelines: z.record(
          z.string(),
          z.object({
            receivers: z.array(z.string()),
            processors: z.array(z.string()),
            exporters: z.array(z.string()),
          }),
        ),
      }),
    })
    .parse(parse(text('otel-collector.yaml')));
  for (const pipeline of Object.values(config.service.pipelines)) {
    for (const part of ['receivers', 'processors', 'exporters'] as const) {
      expect(Object.keys(config[part])).toEqual(expect.arrayContaining(pipeline[part]));
    }
  }
  const hosts = Object.values(config.exporters).map(({ endpoint }) => endpoint.split(':')[0]);
  expect(Object.keys(composeFile().services)).toEqual(expect.arrayContaining(hosts));
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const file = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));
/** What the services see as `/longhaul`. */
export const composeFolder = fileURLToPath(new URL('../../k8s/compose', import.meta.url));

const ServiceSchema = z.looseObject({
  image: z.string().optional(),
  profiles: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  entrypoint: z.array(z.string()).default([]),
});
const ComposeSchema = z.looseObject({ services: z.record(z.string(), ServiceSchema) });

/** The file as Compose reads it where no variable is set. */
export function composeFile(): z.infer<typeof ComposeSchema> {
  return ComposeSchema.parse(composeDocument());
}

export function composeDocument(): unknown {
  const interpolate = (value: string) =>
    value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll('$$', () => '$');
  const document = parse(readFileSync(file, 'utf8'), { merge: true });
  return JSON.parse(JSON.stringify(document), (_, value: unknown) =>
    typeof value === 'string' ? interpolate(value) : value,
  );
}

/** The environment of a service, with `instead` for what a machine without containers has elsewhere; each of those has to be there. */
export function serviceEnvironment(
  name: string,
  instead: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { environment } = composeFile().services[name] ?? { environment: {} };
  const unknown = Object.keys(instead).filter((key) => !Object.hasOwn(environment, key));
  if (unknown.length > 0) throw new Error(`service ${name} has no ${unknown.join(', ')}`);
  return { ...environment, ...instead };
}

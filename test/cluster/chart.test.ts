import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, inject, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { goProgram, goPrograms } from '../../tools/cluster/go-program.ts';
import { runProgram } from '../../tools/cluster/run-program.ts';
import { manifests } from '../helpers/cluster-install.ts';

const chart = fileURLToPath(new URL('../../k8s/chart', import.meta.url));
const ObjectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type ClusterObject = z.infer<typeof ObjectSchema>;
let helm = '';

beforeAll(async () => {
  helm = await goProgram(goPrograms.helm, process.env, (line) => process.stderr.write(`${line}\n`));
}, 1_200_000);

const kustomized = async (overlay: string) =>
  objectsOf(await runProgram(inject('cluster').kubectl, ['kustomize', join(manifests, overlay)]));
const helmArguments = (values: string) => [
  chart,
  '-n',
  'longhaul',
  '-f',
  join(chart, `values-${values}.yaml`),
];
const templated = async (values: string, ...more: readonly string[]) =>
  objectsOf(await runProgram(helm, ['template', 'longhaul', ...helmArguments(values), ...more]));

function objectsOf(text: string): readonly ClusterObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((value) => value !== null)
    .map((value) => ObjectSchema.parse(value));
}

/** By kind, namespace and name, without what the two write differently on purpose. */
function normalised(objects: readonly ClusterObject[]): Readonly<Record<string, unknown>> {
  const release = objects.filter(
    ({ kind, metadata }) => kind !== 'Namespace' || metadata.name !== 'longhaul',
  );
  // Both start workers anew when a setting has changed: kustomize by the name of the ConfigMap, Helm by an annotation.
  const text = (value: unknown) =>
    JSON.stringify(value).replaceAll(/"(longhaul-(?:worker|kubernetes))-[a-z0-9]{10}"/g, '"$1"');
  const plain = release.map((object) => ObjectSchema.parse(JSON.parse(text(object), dropMark)));
  const named = plain.map((object) => {
    const { kind, metadata } = object;
    return [`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, settingsParsed(object)] as const;
  });
  expect(new Set(named.map(([name]) => name)).size).toBe(named.length);
  return Object.fromEntries(named);
}

function dropMark(key: string, value: unknown): unknown {
  const isMark =
    key === 'annotations' && typeof value === 'object' && value !== null && 'longhaul.dev/settings' in value;
  return isMark ? undefined : value;
}

function settingsParsed(object: ClusterObject): unknown {
  const { data } = z.looseObject({ data: z.record(z.string(), z.unknown()).default({}) }).parse(object);
  const settings = data['kubernetes.yaml'];
  return typeof settings === 'string'
    ? { ...object, data: { ...data, 'kubernetes.yaml': parse(settings) } }
    : object;
}

test.each(['development', 'production'])(
  'the chart and the overlay "%s" give the same objects',
  async (name) => {
    const [overlay, release] = await Promise.all([kustomized(`overlays/${name}`), templated(name)]);
    expect(normalised(release)).toEqual(normalised(overlay));
    expect(overlay.length).toBeGreaterThan(10);
  },
);

test('the chart scales workers by the backlog as the component for overlays does', async () => {
  const [scaled] = objectsOf(
    await runProgram('cat', [join(manifests, 'components/autoscaling/scaled-object.yaml')]),
  );
  const release = await templated('production', '--set', 'autoscaling.enabled=true');
  expect(release.find(({ kind }) => kind === 'ScaledObject')).toEqual(scaled);
  // Who installs again must not set the number back.
  const worker = release.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'longhaul-worker',
  );
  expect(worker?.['spec']).not.toHaveProperty('replicas');
});

test('the chart passes the linter and is refused in another namespace with what to do', async () => {
  for (const values of ['development', 'production'])
    await runProgram(helm, ['lint', '--strict', ...helmArguments(values)]);
  const elsewhere = runProgram(helm, ['template', 'longhaul', chart, '-n', 'default']);
  await expect(elsewhere).rejects.toThrow('install it with --namespace longhaul');
});

test('a value reaches any object of the base', async () => {
  const quota = (objects: readonly ClusterObject[]) =>
    objects.find(({ kind }) => kind === 'ResourceQuota')?.['spec'];
  const release = await templated(
    'development',
    '--set',
    'overrides.ResourceQuota/sandboxes.spec.hard.pods=7',
  );
  expect(quota(release)).toMatchObject({ hard: { pods: 7 } });
  expect(quota(await templated('development'))).toMatchObject({ hard: { pods: '40' } });
});

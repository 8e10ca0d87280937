import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { KubernetesConfigSchema } from '../../../workers/kubernetes-config.ts';

const manifests = fileURLToPath(new URL('../../../k8s/manifests/', import.meta.url));
const read = (path: string): unknown => parse(readFileSync(join(manifests, path), 'utf8'));
const sandboxes = 'base/sandboxes';

test.each(['base/worker', 'overlays/development', 'overlays/production'])(
  'the settings of sandboxes in %s can be read, and name what the manifests make',
  (folder) => {
    const settings = KubernetesConfigSchema.parse(read(`${folder}/kubernetes.yaml`));
    const named = (name: string) => ({ metadata: { name } });
    expect(read(`${sandboxes}/namespace.yaml`)).toMatchObject(named(settings.namespace));
    expect(read(`${sandboxes}/service-account.yaml`)).toMatchObject(named(settings.serviceAccount));
    expect(read(`${sandboxes}/priority-class.yaml`)).toMatchObject(named(settings.priorityClass ?? ''));
    // A home on some network file systems has no time of birth, and each pod would count as another owner.
    expect(settings.owner).not.toBeNull();
  },
);

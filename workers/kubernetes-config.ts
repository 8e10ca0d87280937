import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LonghaulError } from '../contracts/error.ts';
import type { CanaryDeps } from '../k8s/canaries/canaries.ts';
import { canaryNames } from '../k8s/canaries/findings.ts';
import type { EgressSettings } from '../k8s/egress-url.ts';
import type { PodSettings } from '../k8s/job.ts';
import { EgressConfigSchema, egressSettings } from './egress-settings.ts';
import { type Environment, stateDirectory } from './state-dir.ts';
import { yamlSettings } from './yaml-settings.ts';

const mebibyte = 1024 ** 2;
const daySeconds = 24 * 3600;
const name = z
  .string()
  .regex(/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/, 'expected the name of an object in a cluster');
const imageWords = 'expected the name of an image, such as registry.example/team/task:1.4';
const image = z.string(imageWords).regex(/^\S+$/, imageWords);
const cpus = z
  .string('expected processors as text, such as "500m" or "2"')
  .regex(/^(?:[0-9]+(?:\.[0-9]{1,3})?|[0-9]+m)$/, 'expected processors, such as "500m" or "2"');
const bytes = z.int('expected a number of bytes').min(mebibyte, `expected at least ${mebibyte} bytes`);
const seconds = z.int('expected a number of seconds').positive('expected at least a second');

/** What `kubernetes.yaml` may say. */
export const KubernetesConfigSchema = z.strictObject({
  namespace: name.default('longhaul-sandboxes'),
  image,
  keeperImage: image,
  imagePullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent'),
  serviceAccount: name.default('default'),
  runtimeClass: name.nullable().default(null),
  userNamespaces: z.boolean().default(true),
  cpu: z
    .strictObject({ request: cpus.default('500m'), limit: cpus.default('4') })
    .default({ request: '500m', limit: '4' }),
  memoryRequestBytes: bytes.default(512 * mebibyte),
  diskBytes: bytes.default(4096 * mebibyte),
  mirrorClaim: name.nullable().default(null),
  activeDeadlineSeconds: seconds.default(daySeconds),
  idleLimitSeconds: seconds.default(3600),
  ttlSeconds: seconds.default(3600),
  priorityClass: name.nullable().default(null),
  startLimitSeconds: seconds.default(300),
  /** How many pods wait for leases. */
  pool: z.int('expected a number of pods').min(0).max(1000).default(0),
  /** Walls that this company does without: looked at, and not required. */
  acceptedRisks: z.array(z.enum(canaryNames)).default([]),
  /** What no sandbox may reach, beside what is in the cluster. */
  outside: z
    .array(z.string().regex(/^[^\s:]+:[0-9]+$/, 'expected host:port'))
    .default(['1.1.1.1:443', '8.8.8.8:53']),
  /** Whose sandboxes these are: workers with one owner share their leases. Null: those of one home. */
  owner: z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9.]{0,61}[a-z0-9])?$/, 'expected the value of a label')
    .nullable()
    .default(null),
  /** The way out for setup commands. Null: setups that list hosts are refused. */
  egress: EgressConfigSchema.nullable().default(null),
});

export interface KubernetesConfig {
  readonly file: string;
  readonly settings: PodSettings;
  readonly owner: string | null;
  readonly pool: number;
  readonly egress: EgressSettings | null;
  readonly walls: Pick<CanaryDeps, 'acceptedRisks' | 'outside'>;
}

/** The file that `LONGHAUL_KUBERNETES_CONFIG` names, else `kubernetes.yaml` in the state directory. */
export function kubernetesConfigFile(env: Environment): string {
  const named = (env['LONGHAUL_KUBERNETES_CONFIG'] ?? '').trim();
  return named === '' ? join(stateDirectory(env), 'kubernetes.yaml') : named;
}

/** How sandboxes in a cluster are made. Throws `config.invalid` with the file, its lines and what to do. */
export function kubernetesConfig(env: Environment): KubernetesConfig {
  const file = kubernetesConfigFile(env);
  const found = yamlSettings(textOf(file), KubernetesConfigSchema);
  if (found.ok) {
    const { owner, pool, egress, acceptedRisks, outside, ...settings } = found.value;
    return {
      file,
      settings,
      owner,
      pool,
      egress: egress === null ? null : egressSettings(egress, file),
      walls: { acceptedRisks, outside },
    };
  }
  throw new LonghaulError(
    'config.invalid',
    [`The settings of sandboxes in Kubernetes, ${file}, cannot be used. Correct it:`, ...found.problems].join(
      '\n  ',
    ),
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'config.invalid',
      `Sandboxes in Kubernetes need the file ${file}, which cannot be read: ${reason}. Write into it at least "image:" and "keeperImage:" (docs/kubernetes.md), or name another with LONGHAUL_KUBERNETES_CONFIG.`,
      { cause: error },
    );
  }
}

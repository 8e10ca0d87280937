import { describe, expect, test } from 'vitest';
import { DigestSchema, LeaseIdSchema, TaskIdSchema } from '../../../contracts/ids.ts';
import { jobName, jobOf, type PodSettings } from '../../../k8s/job.ts';

const settings: PodSettings = {
  namespace: 'sandboxes',
  image: 'registry.example/task@sha256:1',
  keeperImage: 'registry.example/keeper@sha256:2',
  imagePullPolicy: 'IfNotPresent',
  serviceAccount: 'sandbox',
  runtimeClass: null,
  userNamespaces: true,
  cpu: { request: '250m', limit: '2' },
  memoryRequestBytes: 256 * 1024 ** 2,
  diskBytes: 8 * 1024 ** 3,
  mirrorClaim: null,
  activeDeadlineSeconds: 86_400,
  idleLimitSeconds: 3600,
  ttlSeconds: 3600,
  priorityClass: null,
  startLimitSeconds: 300,
};
const input = {
  leaseId: LeaseIdSchema.parse('fix-the-sum.12'),
  taskId: TaskIdSchema.parse('fix-the-sum'),
  owner: 'home-1',
  specDigest: DigestSchema.parse(`sha256:${'a'.repeat(64)}`),
  limits: { memoryBytes: 4 * 1024 ** 3, processes: 512, maxFileBytes: 50 * 1024 ** 2 },
};
const pod = (more: Partial<PodSettings> = {}) => jobOf(input, { ...settings, ...more }).spec?.template.spec;
const containers = () => [...(pod()?.initContainers ?? []), ...(pod()?.containers ?? [])];

describe('the Job of a lease', () => {
  test('is the same for the same input', () => {
    expect(jobOf(input, settings)).toEqual(jobOf(structuredClone(input), structuredClone(settings)));
  });

  test('has a name that tells the lease, is a label, and is another one for another home', () => {
    const name = jobName(input);
    expect(name).toMatch(/^lh-fix-the-sum-12-[0-9a-f]{10}$/);
    expect(jobName({ ...input, owner: 'home-2' })).not.toBe(name);
    const long = { ...input, leaseId: LeaseIdSchema.parse(`${'x'.repeat(60)}.1`) };
    expect(jobName(long).length).toBeLessThanOrEqual(52);
  });

  test('makes one pod, once, and names owner, task and specification', () => {
    const { spec, metadata } = jobOf(input, settings);
    expect(spec).toMatchObject({
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      ttlSecondsAfterFinished: 3600,
    });
    expect(metadata?.labels).toMatchObject({
      'longhaul.dev/owner': 'home-1',
      'longhaul.dev/task': 'fix-the-sum',
    });
    expect(metadata?.annotations).toMatchObject({ 'longhaul.dev/spec-digest': input.specDigest });
    expect(pod()).toMatchObject({ restartPolicy: 'Never', activeDeadlineSeconds: 86_400 });
  });

  test('has no token, no service links, no resolver, no shared processes, and a user namespace of its own', () => {
    expect(pod()).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostUsers: false,
      shareProcessNamespace: false,
      dnsPolicy: 'None',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
  });

  test('runs both containers without rights, on a root that nobody can write', () => {
    expect(containers().map(({ name }) => name)).toEqual(['keeper', 'agent']);
    for (const { securityContext } of containers()) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test('limits processor, memory and disk, and asks for less processor and memory than the limits', () => {
    const [agent] = pod()?.containers ?? [];
    expect(agent?.resources).toEqual({
      requests: { cpu: '250m', memory: `${256 * 1024 ** 2}`, 'ephemeral-storage': `${8 * 1024 ** 3}` },
      limits: { cpu: '2', memory: `${4 * 1024 ** 3}`, 'ephemeral-storage': `${8 * 1024 ** 3}` },
    });
  });

  test('shows the agent nothing of the keeper but what it may read', () => {
    const [agent] = pod()?.containers ?? [];
    const writable = agent?.volumeMounts?.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name);
    expect(writable).toEqual(['workspace', 'shell', 'home', 'tmp']);
    expect(agent?.volumeMounts?.map(({ name }) => name)).not.toContain('lease');
  });

  test('takes another runtime where one is set, and only then', () => {
    expect(pod()).not.toHaveProperty('runtimeClassName');
    expect(pod({ runtimeClass: 'gvisor' })).toMatchObject({ runtimeClassName: 'gvisor' });
  });
});

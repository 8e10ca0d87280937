import { expect, test } from 'vitest';
import type { PodSettings } from '../../k8s/job.ts';
import { acquire, nextLease, run } from '../conformance/sandbox-support.ts';
import { clusterAs, deployedSandboxes } from '../helpers/deployed-sandboxes.ts';
import { apply, kubectl } from '../helpers/kubectl.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

const cases: readonly (readonly [
  string,
  Partial<PodSettings>,
  { readonly code: string; readonly says: RegExp },
])[] = [
  [
    'an image that no registry gives',
    { image: 'registry.invalid/nothing:1' },
    {
      code: 'sandbox.start_failed',
      says: /no image for container agent: .*registry\.invalid.*Check the image's name/s,
    },
  ],
  [
    'an image that the node must have and has not',
    { image: 'registry.invalid/nothing:1', imagePullPolicy: 'Never' },
    { code: 'sandbox.unavailable', says: /ErrImageNeverPull of container agent.*Correct the image/s },
  ],
  [
    "an image's name that is none",
    { image: 'Not A Name' },
    { code: 'sandbox.unavailable', says: /InvalidImageName of container agent/ },
  ],
  [
    'more processors than any node has',
    { cpu: { request: '15', limit: '16' }, startLimitSeconds: 5 },
    {
      code: 'sandbox.start_failed',
      says: /did not start within 5 s: it waits for a place on a node: .*Insufficient cpu/,
    },
  ],
  [
    'a runtime class that there is not',
    { runtimeClass: 'no-such-class' },
    {
      code: 'sandbox.start_failed',
      says: /makes no pod for lease .*RuntimeClass "no-such-class" not found.*correct the settings/s,
    },
  ],
  [
    'a priority class that there is not',
    { priorityClass: 'no-such-class' },
    { code: 'sandbox.start_failed', says: /no PriorityClass with name no-such-class was found/ },
  ],
  [
    'an account that there is not',
    { serviceAccount: 'nobody' },
    { code: 'sandbox.start_failed', says: /serviceaccount "nobody" not found/i },
  ],
];

test.concurrent.each(cases)(
  '%s is a typed error with what to do, within a minute, and nothing is left',
  async (_, settings, { code, says }) => {
    await using space = await deployedSandboxes();
    const fixture = await makeKubernetesFixture(settings, { space, cluster: await clusterAs(space.name) });
    const leaseId = nextLease();
    await expect(acquire(fixture, leaseId)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
    });
    expect(await fixture.leftovers(leaseId)).toEqual([]);
    await fixture.cleanup();
  },
  90_000,
);

test('a full quota of pods is told with its own sentence, can be tried again, and works once there is room', async () => {
  await using space = await deployedSandboxes();
  const fixture = await makeKubernetesFixture({}, { space, cluster: await clusterAs(space.name) });
  const [first, second] = [nextLease(), nextLease()];
  await acquire(fixture, first);
  const full = { hard: { pods: '1', 'count/jobs.batch': '5' } };
  await apply({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'full', namespace: space.name },
    spec: full,
  });
  await kubectl([
    'wait',
    '-n',
    space.name,
    'resourcequota/full',
    '--for=jsonpath={.status.used.pods}=1',
    '--timeout=30s',
  ]);
  await expect(acquire(fixture, second)).rejects.toMatchObject({
    code: 'sandbox.start_failed',
    retryable: true,
    message: expect.stringMatching(
      /exceeded quota: full, requested: pods=1, used: pods=1, limited: pods=1.*wait or raise it/s,
    ),
  });
  expect(await fixture.leftovers(second)).toEqual([]);
  await fixture.sandbox.release(first);
  await acquire(fixture, second);
  await fixture.sandbox.release(second);
  await fixture.cleanup();
}, 120_000);

test('a full quota of Jobs is told with its own sentence and can be tried again', async () => {
  await using space = await deployedSandboxes();
  const fixture = await makeKubernetesFixture({}, { space, cluster: await clusterAs(space.name) });
  const spec = { hard: { 'count/jobs.batch': '0' } };
  await apply({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'full', namespace: space.name },
    spec,
  });
  await kubectl([
    'wait',
    '-n',
    space.name,
    'resourcequota/full',
    '--for=jsonpath={.status.hard}',
    '--timeout=30s',
  ]);
  await expect(acquire(fixture)).rejects.toMatchObject({
    code: 'sandbox.start_failed',
    retryable: true,
    message: expect.stringMatching(
      /does not let in Job .*exceeded quota: full.*wait for other tasks or raise it/s,
    ),
  });
  await fixture.cleanup();
});

test('a container that asks for more than the namespace allows one is refused with the limit', async () => {
  await using space = await deployedSandboxes();
  const settings = { cpu: { request: '20m', limit: '17' } };
  const fixture = await makeKubernetesFixture(settings, { space, cluster: await clusterAs(space.name) });
  await expect(acquire(fixture)).rejects.toMatchObject({
    code: 'sandbox.start_failed',
    message: expect.stringMatching(/maximum cpu usage per Container is 16, but limit is 17/),
  });
  await fixture.cleanup();
}, 90_000);

test('twenty callers that acquire one lease at once get one pod, made once', async () => {
  await using space = await deployedSandboxes();
  const fixture = await makeKubernetesFixture({}, { space, cluster: await clusterAs(space.name) });
  const leaseId = nextLease();
  const leases = await Promise.all(
    Array.from({ length: 20 }, () => acquire({ ...fixture, sandbox: fixture.another() }, leaseId)),
  );
  expect(leases.filter(({ adopted }) => !adopted)).toHaveLength(1);
  expect((await fixture.leftovers(leaseId)).filter((one) => one.startsWith('pod'))).toHaveLength(1);
  expect(await run(fixture, leaseId, 'echo x >> once; cat once')).toMatchObject({ text: 'x\n' });
  await fixture.sandbox.release(leaseId);
  await fixture.cleanup();
}, 120_000);

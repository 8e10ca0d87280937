import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { recordedProcesses } from '../../../sandbox/leftovers.ts';
import { acquire, run } from '../../conformance/sandbox-support.ts';
import { makeLocalFixture } from '../../helpers/local-sandbox.ts';

test('a copy of a lease is released without touching the sandbox that it was copied from', async () => {
  const [fixture, copy] = await Promise.all([makeLocalFixture(), makeLocalFixture()]);
  const { leaseId } = await acquire(fixture);
  onTestFinished(async () => {
    await fixture.sandbox.release(leaseId);
    await Promise.all([fixture.cleanup(), copy.cleanup()]);
  });
  mkdirSync(copy.deps.stateDir, { recursive: true });
  // With its socket, to which nobody listens.
  execFileSync('cp', ['-a', path.join(fixture.deps.stateDir, 'leases'), copy.deps.stateDir]);
  await copy.sandbox.release(leaseId);
  expect(await copy.sandbox.leases()).toEqual([]);
  expect((await run(fixture, leaseId, 'echo fine')).text).toBe('fine\n');
});

test('a lease whose home was moved still knows its processes', async () => {
  const fixture = await makeLocalFixture();
  const { leaseId } = await acquire(fixture);
  const moved = `${fixture.deps.stateDir}.moved`;
  onTestFinished(async () => {
    renameSync(moved, fixture.deps.stateDir);
    await fixture.sandbox.release(leaseId);
    await fixture.cleanup();
  });
  renameSync(fixture.deps.stateDir, moved);
  expect(recordedProcesses(path.join(moved, 'leases', leaseId))?.keeper).toBeDefined();
});

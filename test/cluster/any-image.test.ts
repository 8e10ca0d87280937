import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { images } from '../../tools/cluster/images/contents.ts';
import {
  acquire,
  checkpointOf,
  nextLease,
  run,
  type SandboxFixture,
} from '../conformance/sandbox-support.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

/** Without git and Node; the second without glibc, bash and coreutils too. */
describe.each(['python', 'musl'] as const)('a sandbox of the image %s', (name) => {
  let fixture: SandboxFixture;
  const leaseId = nextLease();
  beforeAll(async () => {
    fixture = await makeKubernetesFixture({ image: images[name].reference });
    await acquire(fixture, leaseId);
  });
  afterAll(async () => {
    await fixture.sandbox.release(leaseId);
    await fixture.cleanup();
  });
  const sh = (line: string, more = {}) => run(fixture, leaseId, line, more);

  test('has the files of its commit, and no git', async () => {
    expect(await sh('cat README.md')).toMatchObject({ status: 'ok', text: '# Sample\n' });
    expect(await sh('git --version')).toMatchObject({ status: 'failed', exitCode: 127 });
  });

  test('ends a step at its time-out with all its processes', async () => {
    const result = await sh('(trap "" TERM; sleep 301) & sleep 301', { timeoutMs: 1000 });
    expect(result.status).toBe('timed_out');
    const left =
      'n=0; for f in /proc/[0-9]*/cmdline; do case $(cat "$f") in *30[1]*) n=$((n+1)) ;; esac; done; echo $n';
    expect(await sh(left)).toMatchObject({ text: '0\n' });
  });

  test('gives its changes in a checkpoint and takes them back', async () => {
    await sh('echo changed > README.md; mkdir -p new; echo x > new/file');
    const checkpoint = await checkpointOf(fixture, leaseId);
    expect(checkpoint).toMatchObject({ filesChanged: 2, leftOut: [] });
    await fixture.sandbox.restore(leaseId, { gitDir: fixture.gitDir, commit: fixture.commit });
    expect(await sh('cat README.md; ls')).toMatchObject({ text: expect.not.stringContaining('new') });
  });
});

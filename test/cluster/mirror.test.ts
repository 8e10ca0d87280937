import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { acquire, nextLease, run } from '../conformance/sandbox-support.ts';
import { apply, kubectl, testNamespace } from '../helpers/kubectl.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

/** A directory of this machine as a claim in a namespace; a cluster from elsewhere has no such directory. */
async function claimOf(namespace: string, directory: string): Promise<string> {
  const name = `longhaul-mirror-${randomBytes(4).toString('hex')}`;
  const size = { capacity: { storage: '1Gi' }, accessModes: ['ReadOnlyMany'], storageClassName: '' };
  await apply(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { ...size, hostPath: { path: directory, type: 'Directory' } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace },
      spec: {
        accessModes: size.accessModes,
        storageClassName: '',
        volumeName: name,
        resources: { requests: size.capacity },
      },
    },
  );
  onTestFinished(async () => {
    await kubectl(['delete', 'persistentvolume', name, '--wait=false']);
  });
  return name;
}

test.skipIf(inject('cluster').own === undefined)(
  'a source whose files the worker does not even have comes from the mirror volume, which commands cannot see',
  async () => {
    const volume = mkdtempSync('/tmp/longhaul-mirror-');
    chmodSync(volume, 0o755);
    onTestFinished(() => rmSync(volume, { recursive: true, force: true }));
    await using space = await testNamespace({ deny: true });
    const mirrorClaim = await claimOf(space.name, volume);
    const fixture = await makeKubernetesFixture({ mirrorClaim }, { space });
    onTestFinished(() => fixture.cleanup());
    execFileSync('git', ['clone', '-q', '--mirror', fixture.gitDir, path.join(volume, 'sample.git')]);
    withoutBlobs(fixture.gitDir);

    const leaseId = nextLease();
    await acquire(fixture, leaseId);
    const seen =
      'git log --format=%s; git status --porcelain; git cat-file -p HEAD:README.md; ls /longhaul 2>&1';
    expect(await run(fixture, leaseId, seen)).toMatchObject({
      text: expect.stringMatching(/^base\n# Sample\nls: .*\/longhaul/),
    });
    await fixture.sandbox.release(leaseId);
  },
);

/** Leaves commits and trees. */
function withoutBlobs(gitDir: string): void {
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['--git-dir', gitDir, ...args], { stdio: 'pipe' });
  const pack = git('pack-objects', '-q', '--all', '--filter=blob:none', '--stdout');
  const objects = path.join(gitDir, 'objects');
  rmSync(objects, { recursive: true });
  mkdirSync(path.join(objects, 'pack'), { recursive: true });
  execFileSync('git', ['--git-dir', gitDir, 'index-pack', '--stdin'], {
    input: pack,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

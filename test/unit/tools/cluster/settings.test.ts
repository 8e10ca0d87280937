import { expect, test } from 'vitest';
import { kubeletConfiguration } from '../../../../tools/cluster/configuration.ts';
import { whyImpossible } from '../../../../tools/cluster/machine.ts';
import { ensurePackages } from '../../../../tools/cluster/packages.ts';
import { runDirectory, runPaths } from '../../../../tools/cluster/paths.ts';
import { pinnedVersion, programsDigest } from '../../../../tools/cluster/pins.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

test('a relative LONGHAUL_CLUSTER_DIR is refused: it would be another cluster from each folder', () => {
  expect(runDirectory({ LONGHAUL_CLUSTER_DIR: '/somewhere' })).toBe('/somewhere');
  expect(() => runDirectory({ LONGHAUL_CLUSTER_DIR: 'here' })).toThrow('must be an absolute path');
});

test('programs are named by their pins, and all parts of Kubernetes have one version', () => {
  expect(programsDigest()).toMatch(/^[0-9a-f]{16}$/);
  const version = pinnedVersion('k8s.io/kubernetes', 'kubernetes');
  expect(pinnedVersion('k8s.io/component-base', 'kubernetes')).toBe(version.replace(/^v1\./, 'v0.'));
});

test('pods are kept below a group of their own, and may have 256 processes', () => {
  const paths = runPaths('/somewhere');
  expect(kubeletConfiguration({ paths, programs: '/p', controlGroup: 'longhaul-cluster3' })).toMatchObject({
    cgroupRoot: '/longhaul-cluster3',
    podPidsLimit: 256,
  });
});

test('what is missing is named where nothing can install it', async () => {
  const lines: string[] = [];
  const { signal } = new AbortController();
  const nothing = { PATH: await temporaryDirectory() };
  const needs = { build: true, images: true };
  await expect(
    ensurePackages(needs, (line) => lines.push(line), nothing, signal, nothing.PATH),
  ).rejects.toThrow(/no apt-get to install them: .*iptables \(enforces network policy\).*debootstrap/);
  expect(lines).toEqual([]);
});

test.each([
  [{ platform: 'linux', arch: 'x64', userId: 0 }, undefined],
  [{ platform: 'linux', arch: 'x64', userId: 1000 }, 'needs root'],
  [{ platform: 'darwin', arch: 'arm64', userId: 0 }, 'needs Linux'],
  [{ platform: 'linux', arch: 'ppc64', userId: 0 }, 'no images for ppc64'],
])('a cluster on %j: the problem is %s', (machine, problem) => {
  const why = whyImpossible(machine);
  if (problem === undefined) expect(why).toBeUndefined();
  else expect(why).toContain(problem);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporalCliVersion } from '../../workers/embedded-server/binary-version.ts';
import { readSource } from './source-tree.ts';

const Names = z.record(z.string(), z.string()).default({});
const manifest = z
  .object({ dependencies: Names, devDependencies: Names, scripts: Names })
  .parse(JSON.parse(readSource('package.json')));
const lockText = readSource('package-lock.json');
const lock = z
  .object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) })
  .parse(JSON.parse(lockText));

const direct = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

test('every direct dependency is pinned to one version', () => {
  expect(direct.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
});

test('every direct dependency has its reason on the page of dependencies, and the page names no other', () => {
  const named = [...readSource('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| (\S[^|]{9,}) \|$/gm)];
  expect(named.map((match) => match[1]).sort()).toEqual(direct.map(([name]) => name).sort());
});

// A second 8.x makes `runReplayHistory` fail on JSON with "type must be a Type".
test('there is one protobufjs 8, and the Temporal packages have none of their own', () => {
  const copies = Object.entries(lock.packages).filter(([path]) => path.endsWith('node_modules/protobufjs'));
  expect(copies.filter(([, { version }]) => version?.startsWith('8.'))).toHaveLength(1);
  expect(copies.filter(([path]) => path.includes('@temporalio'))).toEqual([]);
});

test('the lock file names no registry host', () => {
  expect(lockText).not.toMatch(/"resolved":/);
});

test('all Temporal packages have one version', () => {
  const versions = direct.filter(([name]) => name.startsWith('@temporalio/')).map(([, version]) => version);
  expect(new Set(versions).size).toBe(1);
});

test('the Temporal CLI that is downloaded is the one that the Go module builds', () => {
  expect(readSource('tools/temporal/go.mod')).toContain(`github.com/temporalio/cli v${temporalCliVersion} `);
});

test('every script sets up what it needs first, and runs on the pinned Node', () => {
  for (const [name, script] of Object.entries(manifest.scripts)) {
    if (name === 'setup') continue;
    expect(script, name).toMatch(/^node tools\/setup\.mjs && node_modules\/\.bin\//);
  }
});

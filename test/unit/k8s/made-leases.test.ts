import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LeaseIdSchema } from '../../../contracts/ids.ts';
import { createMadeLeases } from '../../../k8s/made-leases.ts';

const leaseId = LeaseIdSchema.parse('fix-it.3');

function place(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'longhaul-made-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return path.join(directory, 'pods');
}

test('a lease that was made is known to the next process, until it is released', () => {
  const directory = place();
  expect(createMadeLeases(directory).has(leaseId)).toBe(false);
  createMadeLeases(directory).add(leaseId);
  const next = createMadeLeases(directory);
  next.add(leaseId);
  expect(next.has(leaseId)).toBe(true);
  next.remove(leaseId);
  expect(next.has(leaseId)).toBe(false);
  expect(existsSync(next.directoryOf(leaseId))).toBe(false);
});

test('a directory whose Job was never made is no lease', () => {
  const made = createMadeLeases(place());
  mkdirSync(made.directoryOf(leaseId), { recursive: true });
  expect(made.has(leaseId)).toBe(false);
});

import { expect, test } from 'vitest';
import { askedLease } from '../../../workers/sandbox-choice.ts';

test('a worker says how long its tasks keep a sandbox, over the task where it says nothing', () => {
  expect(askedLease({})).toBe('task');
  expect(askedLease({ LONGHAUL_SANDBOX_LEASE: ' iteration ' })).toBe('iteration');
  expect(() => askedLease({ LONGHAUL_SANDBOX_LEASE: 'step' })).toThrow(
    'LONGHAUL_SANDBOX_LEASE must be task or iteration, and it is "step".',
  );
});

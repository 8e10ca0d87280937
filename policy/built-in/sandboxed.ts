import type { PolicyFileInput } from '../schema.ts';

/** For unattended runs: as `default`, and a new branch that nothing is to be said about is delivered without asking. */
export const sandboxedPolicy: PolicyFileInput = {
  version: 1,
  name: 'sandboxed',
  extends: 'default',
  without: ['delivery'],
  allow: [
    {
      id: 'delivery',
      kind: 'deliver',
      concerns: 'none',
      reason: 'A new branch changes nobody’s work, and the evaluation has no concern.',
    },
  ],
  approvals: { acceptSignals: true },
};

import type { PolicyFileInput } from '../schema.ts';

const reason = 'Everything is asked about.';

/** Everything that has an effect asks; a plain signal is no answer. */
export const strictPolicy: PolicyFileInput = {
  version: 1,
  name: 'strict',
  ask: [
    { id: 'shell', kind: 'shell', reason },
    { id: 'patch', kind: 'apply_patch', reason },
    { id: 'delivery', kind: 'deliver', reason },
  ],
  approvals: { acceptSignals: false },
};

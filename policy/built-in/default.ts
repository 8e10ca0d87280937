import type { PolicyFileInput } from '../schema.ts';
import { deletions } from './deletions.ts';
import { outsideCommands } from './outside-commands.ts';
import { protectedPathRules } from './protected-paths.ts';

/** What stays inside the sandbox runs; what reaches outside, protected paths, large deletions and delivery ask. */
export const defaultPolicy: PolicyFileInput = {
  version: 1,
  name: 'default',
  allow: [
    { id: 'inside-sandbox', kind: 'shell', reason: 'It stays inside the sandbox.' },
    { id: 'patch', kind: 'apply_patch', reason: 'It changes files of the workspace only.' },
  ],
  ask: [
    ...outsideCommands,
    ...deletions,
    ...protectedPathRules,
    { id: 'large-patch-deletion', kind: 'apply_patch', deletesOver: 10, reason: 'It deletes many files.' },
    { id: 'delivery', kind: 'deliver', reason: 'A person agrees to what is delivered.' },
  ],
  approvals: { acceptSignals: true },
};

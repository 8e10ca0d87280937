import type { PolicyFileInput } from '../schema.ts';
import { carefulFileCommands } from './careful-files.ts';
import { carefulGitCommands } from './careful-git.ts';
import { carefulPrintCommands } from './careful-prints.ts';
import { carefulProjectCommands } from './careful-projects.ts';
import { carefulReadCommands } from './careful-reads.ts';
import { protectedPathRules } from './protected-paths.ts';

/** Only commands that are understood and whose effects stay in the workspace run; the rest asks. */
export const carefulPolicy: PolicyFileInput = {
  version: 1,
  name: 'careful',
  allow: [
    ...carefulPrintCommands,
    ...carefulReadCommands,
    ...carefulFileCommands,
    ...carefulGitCommands,
    ...carefulProjectCommands,
    { id: 'patch', kind: 'apply_patch', reason: 'It changes files of the workspace only.' },
  ],
  ask: [
    ...protectedPathRules,
    { id: 'large-patch-deletion', kind: 'apply_patch', deletesOver: 5, reason: 'It deletes many files.' },
    { id: 'delivery', kind: 'deliver', reason: 'A person agrees to what is delivered.' },
  ],
  approvals: { acceptSignals: true },
};

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LeaseIdSchema, TaskIdSchema } from '../../../contracts/ids.ts';
import { withDirectories } from '../../../k8s/known-leases.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

test('a lease whose Job is gone is known by its directory until that is released, and none is listed twice', async () => {
  const directory = await temporaryDirectory();
  for (const name of ['fix-1.1', 'fix-1.2', 'fix-1.verify-3', 'pool']) mkdirSync(join(directory, name));
  const taskId = TaskIdSchema.parse('fix-1');
  const live = { leaseId: LeaseIdSchema.parse('fix-1.2'), taskId, alive: true };
  expect(withDirectories([live], directory)).toEqual([
    live,
    { leaseId: 'fix-1.1', taskId, alive: false },
    { leaseId: 'fix-1.verify-3', taskId, alive: false },
  ]);
  expect(withDirectories([live], join(directory, 'none'))).toEqual([live]);
});

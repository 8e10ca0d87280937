import { expect, test } from 'vitest';
import { type Ask, objectsOfLonghaul, refuseLeftovers } from '../../helpers/cluster-leftovers.ts';

const wide = ['namespace/default', 'namespace/longhaul-test-1', 'clusterrole.rbac.authorization.k8s.io/view'];
const inside = ['kube-system   Pod   proxy', 'longhaul-test-1   Job   lh-fix-1', 'longhaul   Secret   key'];
const clusterOf =
  (names: readonly string[], objects: readonly string[]): Ask =>
  async (args) =>
    (args.includes('-A') ? objects : names).join('\n');

test('what a suite has left in a cluster is named, and what was there before is not', async () => {
  const full = clusterOf(wide, inside);
  const found = ['namespace/longhaul-test-1', 'longhaul-test-1/Job/lh-fix-1', 'longhaul/Secret/key'];
  expect([...(await objectsOfLonghaul(full))]).toEqual(found);
  await expect(refuseLeftovers(full, new Set(['longhaul/Secret/key']), 0)).rejects.toThrow(
    'the tests have left in the cluster:\n  namespace/longhaul-test-1\n  longhaul-test-1/Job/lh-fix-1',
  );
  await refuseLeftovers(full, new Set(found), 0);
});

import { setTimeout as delay } from 'node:timers/promises';

const ofCluster = [
  'namespaces',
  'persistentvolumes',
  'priorityclasses',
  'clusterroles',
  'clusterrolebindings',
];
const ofNamespaces = ['jobs', 'pods', 'deployments', 'persistentvolumeclaims', 'networkpolicies', 'secrets'];
const goneLimitMs = 90_000;
const lookAgainMs = 1_000;

/** Runs kubectl on the cluster and gives what it printed. */
export type Ask = (args: readonly string[]) => Promise<string>;

/** What there is in a cluster that tests of Longhaul may have made: all in namespaces of its name, and what carries it itself. */
export async function objectsOfLonghaul(ask: Ask): Promise<ReadonlySet<string>> {
  const wide = await ask(['get', ofCluster.join(','), '-o', 'name']);
  const columns = 'custom-columns=NS:.metadata.namespace,KIND:.kind,NAME:.metadata.name';
  const inside = await ask(['get', ofNamespaces.join(','), '-A', '--no-headers', '-o', columns]);
  return new Set([
    ...linesOf(wide).filter((name) => /\/longhaul/.test(name)),
    ...linesOf(inside)
      .filter((line) => line.startsWith('longhaul'))
      .map((line) => line.split(/\s+/).join('/')),
  ]);
}

/** Waits until nothing is there that was not `before`. Throws with the names of what stays. */
export async function refuseLeftovers(
  ask: Ask,
  before: ReadonlySet<string>,
  limitMs = goneLimitMs,
): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    const left = [...(await objectsOfLonghaul(ask))].filter((name) => !before.has(name));
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`the tests have left in the cluster:\n  ${left.join('\n  ')}`);
    await delay(lookAgainMs);
  }
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

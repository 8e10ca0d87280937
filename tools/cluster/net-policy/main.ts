import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { NamespaceSchema, PodSchema, PolicySchema } from './objects.ts';
import { policyRules } from './rules.ts';
import { follow, readAccess } from './watch.ts';

// node net-policy/main.ts KUBECONFIG APPLIED: enforces NetworkPolicy with iptables, inside the namespaces of the cluster.
// What it cannot read or set leaves the rules as they are, in which a new pod has no network.
const [kubeconfig = '', appliedFile = ''] = argv.slice(2);
const access = readAccess(kubeconfig);
const say = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);

let last = '';
let planned = false;

function apply(): void {
  planned = false;
  const [podList, namespaceList, policyList] = [pods.all(), namespaces.all(), policies.all()];
  if (podList === undefined || namespaceList === undefined || policyList === undefined) return;
  const rules = policyRules({ pods: podList, namespaces: namespaceList, policies: policyList });
  if (rules === last) return;
  // One transaction: there is no moment between the old rules and the new ones.
  const restored = spawnSync('iptables-restore', ['--noflush', '-w'], { input: rules, encoding: 'utf8' });
  if (restored.status !== 0) {
    say(`iptables-restore ended with ${restored.status ?? restored.signal}: ${restored.stderr.trim()}`);
    // Not kept as the last: the next change tries again, and so does this.
    setTimeout(plan, 1_000);
    return;
  }
  last = rules;
  say(`applied: ${podList.length} pods, ${policyList.length} policies`);
  writeFileSync(`${appliedFile}.new`, new Date().toISOString());
  renameSync(`${appliedFile}.new`, appliedFile);
}

/** Many changes at once are one set of rules. */
function plan(): void {
  if (planned) return;
  planned = true;
  setImmediate(apply);
}

const pods = follow(access, '/api/v1/pods', PodSchema, plan);
const namespaces = follow(access, '/api/v1/namespaces', NamespaceSchema, plan);
const policies = follow(access, '/apis/networking.k8s.io/v1/networkpolicies', PolicySchema, plan);

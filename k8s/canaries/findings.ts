import { processLimit } from './agent-look.ts';
import { canaryMemoryBytes } from './canary-job.ts';

export const canaryNames = [
  'podSecurity',
  'network',
  'processes',
  'memory',
  'userNamespace',
  'user',
  'privileges',
  'seccomp',
  'readOnlyRoot',
  'token',
] as const;
export type CanaryName = (typeof canaryNames)[number];

/** One wall: whether it held, and in words what was found and what to do. */
export interface CanaryFinding {
  readonly name: CanaryName;
  readonly holds: boolean;
  readonly found: string;
  readonly remedy: string;
}

export interface Seen {
  readonly privilegedRefused: boolean;
  /** Names of what answered. */
  readonly reached: readonly string[];
  /** The agent's own lines. */
  readonly agent: ReadonlyMap<string, string>;
  readonly expectsUserNamespace: boolean;
  /** Another runtime filters system calls by itself, and shows no filter. */
  readonly ownRuntime: boolean;
}

const remedies: Readonly<Record<CanaryName, string>> = {
  podSecurity: 'Label the namespace pod-security.kubernetes.io/enforce=restricted.',
  network:
    'Apply the default-deny NetworkPolicy of k8s/manifests/base/sandboxes, and use a CNI that enforces network policies.',
  processes: 'Set podPidsLimit in the configuration of the kubelets.',
  memory: 'Let the nodes enforce limits: a control group for each container.',
  userNamespace:
    'Use Kubernetes 1.33 or newer with a runtime that knows user namespaces, or set "userNamespaces: false".',
  user: 'Let no admission rule of the cluster change the user of pods.',
  privileges: 'Let no admission rule or runtime of the cluster add capabilities or allow new privileges.',
  seccomp: 'Use a runtime and nodes with seccomp.',
  readOnlyRoot: 'Let no admission rule of the cluster make the root of containers writable.',
  token: 'Let no admission rule of the cluster mount tokens into pods that ask for none.',
};

/** Pure. What is not seen does not hold. */
export function judge(seen: Seen): readonly CanaryFinding[] {
  const { agent, reached } = seen;
  const line = (key: string): string => agent.get(key) ?? 'nothing';
  const none = '0000000000000000';
  const memory = Number(line('memory'));
  const processes = Number(line('processes'));
  const all: Readonly<Record<CanaryName, readonly [boolean, string]>> = {
    podSecurity: [
      seen.privilegedRefused,
      seen.privilegedRefused ? 'a privileged pod is refused' : 'a privileged pod is let in',
    ],
    network: [
      reached.length === 0,
      reached.length === 0 ? 'nothing answers' : `a pod reaches ${reached.join(', ')}`,
    ],
    processes: [processes > 0 && processes < processLimit, `${line('processes')} processes could be started`],
    memory: [memory > 0 && memory <= canaryMemoryBytes, `the limit of memory is ${line('memory')} bytes`],
    userNamespace: [
      !seen.expectsUserNamespace || Number(line('uidMap')) > 0,
      `the first user inside is ${line('uidMap')} outside`,
    ],
    user: [Number(line('Uid')) > 0, `commands run as user ${line('Uid')}`],
    privileges: [
      line('NoNewPrivs') === '1' && line('CapEff') === none && line('CapBnd') === none,
      `NoNewPrivs ${line('NoNewPrivs')}, capabilities ${line('CapEff')}, at most ${line('CapBnd')}`,
    ],
    seccomp: [seen.ownRuntime || line('Seccomp') === '2', `Seccomp is ${line('Seccomp')}`],
    readOnlyRoot: [line('root') === 'read-only', `the root file system is ${line('root')}`],
    token: [line('token') === 'none', `a token of the cluster: ${line('token')}`],
  };
  return canaryNames.map((name) => {
    const [holds, found] = all[name];
    return { name, holds, found, remedy: remedies[name] };
  });
}

/** The agent's termination message. */
export function parseLook(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [key = '', value = ''] = line.trim().split(' ');
      return key === '' ? [] : [[key, value] as const];
    }),
  );
}

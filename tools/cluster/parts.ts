import { join } from 'node:path';
import { containerdSocket } from './configuration.ts';
import { type Addresses, serviceRange } from './network.ts';
import { type RunPaths, sourceDirectory } from './paths.ts';

export const nodeName = 'node1';

/** The parts of a cluster, in the order of their start. */
export const partNames = [
  'containerd',
  'etcd',
  'apiserver',
  'controllers',
  'scheduler',
  'net-policy',
  'proxy',
  'kubelet',
] as const;

export type PartName = (typeof partNames)[number];

export interface PartSetting {
  readonly paths: RunPaths;
  readonly programs: string;
  readonly addresses: Addresses;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** How each part is called. */
export function commandOf(name: PartName, { paths, programs, addresses }: PartSetting): Command {
  const { data, certificates } = paths;
  const certificate = (file: string) => join(certificates, file);
  const kubeconfig = (user: string) => `--kubeconfig=${join(data, `${user}.kubeconfig`)}`;
  const local = '--bind-address=127.0.0.1';
  const commands: Record<PartName, readonly [string, ...string[]]> = {
    containerd: [join(programs, 'containerd'), '--config', join(data, 'containerd.toml')],
    etcd: [
      join(programs, 'etcd'),
      ...['--data-dir', join(data, 'etcd')],
      ...[
        '--listen-client-urls',
        'http://127.0.0.1:2379',
        '--advertise-client-urls',
        'http://127.0.0.1:2379',
      ],
      ...[
        '--listen-peer-urls',
        'http://127.0.0.1:2380',
        '--initial-advertise-peer-urls',
        'http://127.0.0.1:2380',
      ],
      ...['--initial-cluster', 'default=http://127.0.0.1:2380'],
      // No data of this cluster outlives the machine's next restart.
      '--unsafe-no-fsync',
    ],
    apiserver: [
      join(programs, 'kube-apiserver'),
      '--etcd-servers=http://127.0.0.1:2379',
      `--advertise-address=${addresses.node}`,
      `--client-ca-file=${certificate('ca.crt')}`,
      `--tls-cert-file=${certificate('apiserver.crt')}`,
      `--tls-private-key-file=${certificate('apiserver.key')}`,
      `--kubelet-client-certificate=${certificate('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${certificate('apiserver-kubelet-client.key')}`,
      `--kubelet-certificate-authority=${certificate('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${certificate('service-accounts.pub')}`,
      `--service-account-signing-key-file=${certificate('service-accounts.key')}`,
      `--service-cluster-ip-range=${serviceRange}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
    ],
    controllers: [
      join(programs, 'kube-controller-manager'),
      kubeconfig('controller-manager'),
      `--service-account-private-key-file=${certificate('service-accounts.key')}`,
      `--root-ca-file=${certificate('ca.crt')}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      local,
    ],
    scheduler: [join(programs, 'kube-scheduler'), kubeconfig('scheduler'), '--leader-elect=false', local],
    'net-policy': [
      process.execPath,
      join(sourceDirectory, 'net-policy', 'main.ts'),
      paths.kubeconfig,
      paths.policyApplied,
    ],
    proxy: [
      join(programs, 'kube-proxy'),
      `--config=${join(data, 'proxy.json')}`,
      `--hostname-override=${nodeName}`,
    ],
    kubelet: [
      join(programs, 'kubelet'),
      `--config=${join(data, 'kubelet.json')}`,
      kubeconfig('kubelet'),
      `--hostname-override=${nodeName}`,
      `--node-ip=${addresses.node}`,
    ],
  };
  const [program, ...args] = commands[name];
  return { program, args };
}

/** The arguments of containerd's own client. */
export const ctrArguments = (...args: string[]) => [
  '--address',
  containerdSocket,
  '--namespace',
  'k8s.io',
  ...args,
];

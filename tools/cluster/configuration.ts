import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { images } from './images/contents.ts';
import { podRange } from './network.ts';
import type { RunPaths } from './paths.ts';

/** Inside the namespaces `/run` is the cluster's own. */
export const containerdSocket = '/run/containerd/containerd.sock';

export interface Setting {
  readonly paths: RunPaths;
  readonly programs: string;
  readonly controlGroup: string;
}

/** What the kubelet is told. */
export function kubeletConfiguration({ paths, controlGroup }: Setting) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(paths.certificates, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(paths.certificates, 'kubelet-server.crt'),
    tlsPrivateKeyFile: join(paths.certificates, 'kubelet-server.key'),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${controlGroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    clusterDomain: 'cluster.local',
    resolvConf: join(paths.data, 'resolv.conf'),
    healthzBindAddress: '127.0.0.1',
    // The default of 10 s would be most of the time that a start takes.
    nodeStatusUpdateFrequency: '1s',
    podPidsLimit: 256,
    containerLogMaxSize: '10Mi',
    containerLogMaxFiles: 3,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1Gi', 'imagefs.available': '1Gi' },
    // Images come from no registry: one that is removed is gone.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
}

/** A cable for each pod and no bridge: all that pods say to each other passes the node, where network policy looks at it. */
const networkConfiguration = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: '/run/pod-addresses',
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
};

/** What containerd is told. */
export function containerdConfiguration({ paths, programs }: Setting): string {
  const unused = ['internal.v1.opt', 'nri.v1.nri'];
  const snapshotters = ['blockfile', 'btrfs', 'devmapper', 'erofs', 'zfs'].map(
    (name) => `snapshotter.v1.${name}`,
  );
  return `version = 3
root = "${paths.containerd}"
state = "/run/containerd"
disabled_plugins = ${JSON.stringify([...unused, ...snapshotters].map((name) => `io.containerd.${name}`))}
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${images.pause.reference}"
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE runc may not lower the score, and says only "can't get final child's PID from pipe".
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["${join(programs, 'cni')}"]
  conf_dir = "${join(paths.data, 'cni')}"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "${join(programs, 'runc')}"
  SystemdCgroup = false
`;
}

const proxyConfiguration = ({ paths }: Setting) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'iptables',
  clientConnection: { kubeconfig: join(paths.data, 'proxy.kubeconfig') },
  clusterCIDR: podRange,
  healthzBindAddress: '127.0.0.1:10256',
  metricsBindAddress: '127.0.0.1:10249',
  // The machine's limits of connections are not this cluster's to change.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
});

/** Writes what the parts read when they start. */
export async function writeConfiguration(setting: Setting): Promise<void> {
  const { data } = setting.paths;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await mkdir(join(data, 'cni'), { recursive: true });
  await writeFile(join(data, 'cni', '10-pods.conflist'), json(networkConfiguration));
  await writeFile(join(data, 'containerd.toml'), containerdConfiguration(setting));
  await writeFile(join(data, 'kubelet.json'), json(kubeletConfiguration(setting)));
  await writeFile(join(data, 'proxy.json'), json(proxyConfiguration(setting)));
  // Nothing resolves names in this cluster.
  await writeFile(join(data, 'resolv.conf'), 'nameserver 127.0.0.1\n');
}

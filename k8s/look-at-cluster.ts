import {
  ApiException,
  AuthorizationV1Api,
  BatchV1Api,
  type KubeConfig,
  type V1ResourceAttributes,
  VersionApi,
} from '@kubernetes/client-node';
import type { Digest, LeaseId, TaskId } from '../contracts/ids.ts';
import { wordsOf } from './api-faults.ts';
import { jobOf, type PodSettings } from './job.ts';

/** One thing that sandboxes need of a cluster. */
export interface ClusterFinding {
  readonly holds: boolean;
  readonly text: string;
  /** What to do where it does not hold. */
  readonly fix: string;
}

const oldestMinor = 33;
const answerLimitMs = 10_000;
const manifests = 'kubectl apply -k k8s/manifests/base/sandboxes';

/** What a worker does in its namespace; `k8s/manifests/base/sandboxes/worker-role.yaml` allows it. */
const needed: readonly (readonly [group: string, resource: string, verbs: readonly string[]])[] = [
  ['batch', 'jobs', ['create', 'get', 'list', 'watch', 'delete']],
  ['', 'pods', ['get', 'list', 'watch', 'delete']],
  ['', 'pods/exec', ['create', 'get']],
];

/** Looks whether a worker with this login could run sandboxes; makes nothing. A cluster that does not answer is the only finding. */
export async function lookAtCluster(
  cluster: KubeConfig,
  settings: PodSettings,
): Promise<readonly ClusterFinding[]> {
  const server = cluster.getCurrentCluster()?.server ?? '';
  const version = await within(cluster.makeApiClient(VersionApi).getCode()).catch(wordsOf);
  if (typeof version === 'string') {
    const fix = 'look at KUBECONFIG, its current context and the network';
    return [{ holds: false, text: `the cluster ${server} does not answer: ${version}`, fix }];
  }
  const newEnough =
    Number(version.major) > 1 ||
    Number.parseInt(version.minor, 10) >= oldestMinor ||
    !settings.userNamespaces;
  const looks = [lookAtRights(cluster, settings), lookAtNamespace(cluster, settings)];
  return [
    {
      holds: newEnough,
      text: `Kubernetes ${version.gitVersion} at ${server}`,
      fix: `pods get a user namespace of their own from 1.${oldestMinor} on: take a newer cluster, or set "userNamespaces: false"`,
    },
    ...(await Promise.all(looks)).flat(),
  ];
}

async function lookAtRights(
  cluster: KubeConfig,
  { namespace }: PodSettings,
): Promise<readonly ClusterFinding[]> {
  const api = cluster.makeApiClient(AuthorizationV1Api);
  const asked = needed.flatMap(([group, resource, verbs]) =>
    verbs.map((verb) => ({ group, resource, verb })),
  );
  const may = async ({ group, resource, verb }: (typeof asked)[number]): Promise<string | null> => {
    const [name = '', subresource] = resource.split('/');
    const resourceAttributes: V1ResourceAttributes = { namespace, group, resource: name, verb };
    if (subresource !== undefined) resourceAttributes.subresource = subresource;
    const body = { spec: { resourceAttributes } };
    const { status } = await api.createSelfSubjectAccessReview({ body });
    return status?.allowed === true ? null : `${verb} ${resource}`;
  };
  const fix = `${manifests}, which has the role longhaul-worker, and bind it to this login`;
  const missing = await within(Promise.all(asked.map(may))).catch(wordsOf);
  if (typeof missing === 'string')
    return [{ holds: false, text: `what this login may do could not be asked: ${missing}`, fix }];
  const denied = missing.filter((right) => right !== null);
  const text =
    denied.length === 0
      ? `this login may make and enter pods in the namespace ${namespace}`
      : `this login may not ${denied.join(', ')} in the namespace ${namespace}`;
  return [{ holds: denied.length === 0, text, fix }];
}

/** By a dry run of a lease's own Job: a namespace that is missing, an admission that refuses, a setting that is no such. */
async function lookAtNamespace(
  cluster: KubeConfig,
  settings: PodSettings,
): Promise<readonly ClusterFinding[]> {
  const { namespace, image, keeperImage } = settings;
  const body = jobOf(
    {
      leaseId: 'doctor.1' as LeaseId,
      taskId: 'doctor' as TaskId,
      owner: 'doctor',
      specDigest: '' as Digest,
      limits: { memoryBytes: settings.memoryRequestBytes, processes: 1, maxFileBytes: 1 },
    },
    settings,
  );
  const dryRun = cluster.makeApiClient(BatchV1Api).createNamespacedJob({ namespace, body, dryRun: 'All' });
  try {
    await within(dryRun);
    const text = `namespace ${namespace} takes the Jobs of sandboxes; image ${image}, keeper ${keeperImage}`;
    return [{ holds: true, text, fix: '' }];
  } catch (error) {
    if (error instanceof ApiException && error.code === 404)
      return [{ holds: false, text: `there is no namespace ${namespace}`, fix: manifests }];
    const text = `namespace ${namespace} refuses the Job of a sandbox: ${wordsOf(error)}`;
    return [{ holds: false, text, fix: 'correct kubernetes.yaml, or the namespace' }];
  }
}

async function within<T>(call: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${answerLimitMs / 1000} s`)), answerLimitMs);
  return Promise.race([call, promise]).finally(() => clearTimeout(timer));
}

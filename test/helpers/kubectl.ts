import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { z } from 'zod';
import { runProgram } from '../../tools/cluster/run-program.ts';

/** Runs kubectl on the cluster of the tests and gives what it printed; throws with what it said when it fails. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { kubeconfig, kubectl: program, own } = inject('cluster');
  // No proxy leads to an address that only this machine has.
  const direct = own === undefined ? {} : { NO_PROXY: '*', no_proxy: '*' };
  const env = { ...process.env, KUBECONFIG: kubeconfig, ...direct };
  return await runProgram(program, args, { env, ...(input === undefined ? {} : { input }) });
}

export const apply = (...objects: readonly object[]) =>
  kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));

/** A value out of an object of the cluster, by a path of kubectl's JSONPath. */
export const fieldOf = (path: string, ...what: readonly string[]) =>
  kubectl(['get', ...what, '-o', `jsonpath=${path}`]);

export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
}

const policy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'default-deny' },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
};

/** A namespace as tasks get it, for one test: Pod Security `restricted`, and with `deny` no network. */
export async function testNamespace({ deny }: { readonly deny: boolean }): Promise<TestNamespace> {
  const name = `longhaul-test-${randomBytes(4).toString('hex')}`;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  if (deny) await apply({ ...policy, metadata: { ...policy.metadata, namespace: name } });
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=false']);
    },
  };
}

/** A pod that `restricted` accepts, with a shell command or a Node program. */
export function restrictedPod(namespace: string, name: string, command: readonly string[]) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostUsers: false,
      terminationGracePeriodSeconds: 1,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        fsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'step',
          image: inject('cluster').image,
          imagePullPolicy: 'IfNotPresent',
          command,
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          resources: {
            requests: { cpu: '50m', memory: '64Mi' },
            limits: { cpu: '1', memory: '256Mi' },
          },
          volumeMounts: [{ name: 'workspace', mountPath: '/workspace' }],
        },
      ],
      volumes: [{ name: 'workspace', emptyDir: { sizeLimit: '100Mi' } }],
    },
  };
}

/** Waits for the end of a pod and gives its exit code and what it printed. */
export async function endOfPod(namespace: string, name: string) {
  const pod = ['-n', namespace, `pod/${name}`];
  const ended = 'jsonpath={.status.containerStatuses[0].state.terminated}';
  await kubectl(['wait', ...pod, `--for=${ended}`, '--timeout=90s']);
  const code = await fieldOf('{.status.containerStatuses[0].state.terminated.exitCode}', ...pod);
  return { exitCode: z.coerce.number().parse(code), output: await kubectl(['logs', ...pod]) };
}

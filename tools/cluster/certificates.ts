import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';

interface Leaf {
  readonly name: string;
  readonly subject: string;
  readonly altNames?: readonly string[];
}

export interface Names {
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly serviceAddress: string;
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
// No cluster of this kind is kept for a year.
const lifetime = ['-days', '365'];

function leaves({ nodeName, nodeAddress, serviceAddress }: Names): readonly Leaf[] {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return [
    {
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      altNames: [
        ...[...service, 'kubernetes.default.svc.cluster.local', 'localhost'].map((name) => `DNS:${name}`),
        ...['127.0.0.1', serviceAddress, nodeAddress].map((address) => `IP:${address}`),
      ],
    },
    {
      name: 'kubelet-server',
      subject: `/O=system:nodes/CN=system:node:${nodeName}`,
      altNames: [`DNS:${nodeName}`, `IP:${nodeAddress}`],
    },
    { name: 'kubelet', subject: `/O=system:nodes/CN=system:node:${nodeName}` },
    { name: 'apiserver-kubelet-client', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' },
    { name: 'admin', subject: '/O=system:masters/CN=kubernetes-admin' },
    { name: 'controller-manager', subject: '/CN=system:kube-controller-manager' },
    { name: 'scheduler', subject: '/CN=system:kube-scheduler' },
    { name: 'proxy', subject: '/CN=system:kube-proxy' },
  ];
}

/** Makes the authority of a new cluster, a certificate for each of its parts, and the keys of its service accounts. */
export async function makeCertificates(directory: string, names: Names, signal: AbortSignal): Promise<void> {
  // openssl's own configuration would make an authority of every certificate.
  const config = join(directory, 'openssl.cnf');
  await writeFile(config, '[req]\ndistinguished_name = name\n[name]\n');
  const request = (...args: string[]) =>
    runProgram('openssl', ['req', '-x509', '-new', ...key, ...lifetime, '-config', config, ...args], {
      cwd: directory,
      signal,
    });
  const authority = ['-addext', 'basicConstraints=critical,CA:true', '-addext', 'keyUsage=keyCertSign'];
  await request('-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=longhaul-cluster', ...authority);
  const sign = ({ name, subject, altNames }: Leaf) =>
    request(
      ...['-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', subject],
      ...['-CA', 'ca.crt', '-CAkey', 'ca.key'],
      ...['-addext', 'keyUsage=digitalSignature', '-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
      ...(altNames === undefined ? [] : ['-addext', `subjectAltName=${altNames.join(',')}`]),
    );
  await Promise.all(leaves(names).map(sign));
  const openssl = (...args: string[]) => runProgram('openssl', args, { cwd: directory, signal });
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'service-accounts.key');
  await openssl('ec', '-in', 'service-accounts.key', '-pubout', '-out', 'service-accounts.pub');
}

/** A kubeconfig that holds all it needs, and so works from any place: JSON, which is YAML too. */
export async function writeKubeconfig(
  file: string,
  certificates: string,
  user: string,
  server: string,
): Promise<void> {
  const base64 = async (name: string) => (await readFile(join(certificates, name))).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'longhaul',
        cluster: { server, 'certificate-authority-data': await base64('ca.crt') },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': await base64(`${user}.crt`),
          'client-key-data': await base64(`${user}.key`),
        },
      },
    ],
    contexts: [{ name: 'longhaul', context: { cluster: 'longhaul', user } }],
    'current-context': 'longhaul',
  };
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

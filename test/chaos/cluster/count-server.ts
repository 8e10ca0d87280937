import { createServer, type Socket } from 'node:net';
import { inject } from 'vitest';
import { apply } from '../../helpers/kubectl.ts';

/** Counts what commands in pods say of themselves, outside of every sandbox: at this machine's end of the cluster's cable. */
export interface CountServer {
  /** A shell line that counts a word once, and goes on only when that is confirmed. */
  command(word: string): string;
  counted(word: string): number;
  close(): Promise<void>;
}

/** Opens a namespace's pods the way to it, and to nothing else. */
export async function openCountServer(namespace: string): Promise<CountServer> {
  const { own } = inject('cluster');
  if (own === undefined) throw new Error('only a cluster of this machine has a cable to it');
  const address = own.machineAddress;
  const words: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (!text.endsWith('\n')) return;
      words.push(text.trim());
      text = '';
      socket.write('counted\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const at = server.address();
  const port = typeof at === 'object' && at !== null ? at.port : 0;
  await apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'count-server', namespace },
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: `${address}/32` } }], ports: [{ protocol: 'TCP', port }] }],
    },
  });
  // Until it is open: the policy may be younger than the pod. The word is said once.
  const connect = `until exec 3<>/dev/tcp/${address}/${port}; do sleep 0.1; done 2>/dev/null`;
  return {
    command: (word) => `${connect}; echo ${word} >&3; read -r -u 3 _`,
    counted: (word) => words.filter((one) => one === word).length,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

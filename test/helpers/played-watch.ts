import { createServer, type ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { label } from '../../k8s/job.ts';

/** An API server that answers nothing but watches, as a test plays them: each is given when it is asked for, numbered from 1. */
export async function playWatch(onWatch: (response: ServerResponse, count: number) => void) {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    response.setHeader('content-type', 'application/json');
    onWatch(response, count);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cluster = new KubeConfig();
  cluster.loadFromClusterAndUser(
    { name: 'played', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'nobody' },
  );
  return { cluster, port, watches: () => count };
}

export const eventOf = (job: string, type = 'MODIFIED') =>
  `${JSON.stringify({ type, object: { metadata: { labels: { [label.lease]: job } } } })}\n`;

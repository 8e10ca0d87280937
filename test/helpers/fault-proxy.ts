import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
import { KubeConfig as Config } from '@kubernetes/client-node';

/** A line between a client and the API server that a test can break. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Ends every open connection at once, with a reset. */
  cut(): void;
  /** Nothing passes in either direction, and new connections get no answer, until `resume`. */
  stall(): void;
  resume(): void;
  /** New connections are refused as long as it is so; open ones stay. */
  refuse(refused: boolean): void;
  /** Bytes that have come from the server so far. */
  received(): number;
  /** Connections that were opened so far. */
  opened(): number;
}

export interface FaultProxyOptions {
  readonly host: string;
  readonly port: number;
  /** A connection on which nothing passed for so long is cut, as load balancers do. */
  readonly idleLimitMs?: number;
  /** Each piece comes so much later. */
  readonly delayMs?: number;
}

export async function openFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const open = new Set<Socket>();
  let stalled = false;
  let refused = false;
  let received = 0;
  let opened = 0;

  const pipe = (from: Socket, to: Socket): void => {
    from.on('data', (bytes: Buffer) => {
      const pass = (): void => {
        if (!to.destroyed && !to.write(bytes)) from.pause();
      };
      if (options.delayMs === undefined) pass();
      else setTimeout(pass, options.delayMs);
    });
    to.on('drain', () => {
      if (!stalled) from.resume();
    });
    from.on('end', () => to.end());
  };

  const server = createServer({ pauseOnConnect: true }, (client) => {
    if (refused) {
      client.resetAndDestroy();
      return;
    }
    opened += 1;
    const upstream = connect(options.port, options.host);
    upstream.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    pipe(client, upstream);
    pipe(upstream, client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      if (options.idleLimitMs !== undefined) one.setTimeout(options.idleLimitMs, () => one.resetAndDestroy());
    }
    if (stalled) upstream.pause();
    else client.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      for (const socket of open) socket.resetAndDestroy();
    },
    stall() {
      stalled = true;
      for (const socket of open) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of open) socket.resume();
    },
    refuse(next) {
      refused = next;
    },
    received: () => received,
    opened: () => opened,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** A proxy before the API server of a cluster, and the cluster as it looks through it. */
export async function openClusterFaultProxy(
  cluster: KubeConfig,
  options: Omit<FaultProxyOptions, 'host' | 'port'> = {},
): Promise<{ readonly proxy: FaultProxy; readonly cluster: KubeConfig }> {
  const server = new URL(cluster.getCurrentCluster()?.server ?? '');
  const port = Number(server.port || '443');
  const proxy = await openFaultProxy({ ...options, host: server.hostname, port });
  const through = new Config();
  through.loadFromString(cluster.exportConfig());
  through.clusters = through.clusters.map(({ caData: _data, caFile: _file, ...one }) => ({
    ...one,
    server: `${server.protocol}//127.0.0.1:${proxy.port}`,
    // Its certificate is for another address.
    skipTLSVerify: true,
  }));
  return { proxy, cluster: through };
}

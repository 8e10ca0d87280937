import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What listens on the loopback interface, also at another address of this machine. Gives the port there. */
export async function forward(
  address: string,
  to: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(to, '127.0.0.1');
    for (const socket of [client, target]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      // The other end hears of it by its own end.
      socket.on('error', () => socket.destroy());
    }
    client.pipe(target).pipe(client);
    client.once('close', () => target.destroy());
    target.once('close', () => client.destroy());
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

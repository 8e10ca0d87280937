/**
 * Runs inside the sandbox during setup: `node forward.ts <socket> <port>`. Programs speak to a proxy on a TCP port only, so this hands
 * each connection to 127.0.0.1:<port> on to the proxy's Unix socket. It decides nothing.
 */
import { connect, createServer } from 'node:net';

const [socketPath = '', port = '0'] = process.argv.slice(2);

createServer((client) => {
  const proxy = connect(socketPath);
  client.on('error', () => proxy.destroy());
  proxy.on('error', () => client.destroy());
  client.on('close', () => proxy.destroy());
  proxy.on('close', () => client.destroy());
  client.pipe(proxy);
  proxy.pipe(client);
}).listen(Number(port), '127.0.0.1', () => {
  process.stdout.write('ready\n');
});

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { readEgressConfig } from './config.ts';
import { createEgressProxy } from './egress-proxy.ts';
import { createGrantReader } from './token.ts';

/** The program of the egress proxy: `node main.ts <settings.json>`. Decisions are lines of JSON on standard output. */
async function main(settingsFile: string): Promise<void> {
  const config = readEgressConfig(settingsFile);
  const readGrant = createGrantReader(readFileSync(config.publicKeyFile, 'utf8'));
  const proxy = createEgressProxy({
    config,
    readGrant,
    // Written when this returns: standard output is a pipe or a file.
    log: (line) => process.stdout.write(`${line}\n`),
  });
  let ending = false;
  const health = createServer((incoming, response) => {
    if (incoming.url !== '/healthz') response.writeHead(404).end();
    else response.writeHead(ending ? 503 : 200).end(ending ? 'ending\n' : 'ok\n');
  });
  await listen(proxy.server, config.port);
  await listen(health, config.healthPort);

  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    // New connections go to the other proxies by now, or soon; those that are open may come to their end.
    const drained = new Promise<void>((resolve) => proxy.server.close(() => resolve()));
    await Promise.race([drained, delay(config.drainSeconds * 1_000)]);
    proxy.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
}

const [settingsFile] = process.argv.slice(2);
if (settingsFile === undefined) throw new Error('usage: main.ts <settings.json>');
await main(settingsFile);

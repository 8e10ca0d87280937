import { closeSync, linkSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { errnoOf, leaseFile, readJsonFile, removeLeaseDirectory } from '../lease-files.ts';
import type { KeeperSecrets, LeaseConfig } from '../protocol.ts';
import { createKeeper } from './keeper.ts';
import { createLocalLeaseMaker } from './local-lease.ts';
import { serveKeeper } from './server.ts';
import { createStepRecords } from './step-records.ts';

/** How long the last answers may take to reach their callers before the process ends anyway. */
const goodbyeLimitMs = 5_000;
/** How long a failure waits for the one who asked. */
const hearingLimitMs = 20_000;
const idleCheckMs = 60_000;

/**
 * Listens on `keeper.sock`, or says false when another keeper of this lease does already. The name appears when the socket answers, not
 * before: a caller that is refused knows that the keeper is dead.
 */
async function listen(server: Server): Promise<boolean> {
  const own = `${leaseFile.socket}.${process.pid}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(own, resolve);
  });
  try {
    linkSync(own, leaseFile.socket);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Closes what the worker's own parents have left open without meaning to: it would go on into the sandbox. Descriptors that Node has
 * made itself do not outlive an exec, which tells them apart.
 */
function closeInherited(): void {
  const closedOnExec = 0o2000000;
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    const info = fd > 2 ? readText(`/proc/self/fdinfo/${name}`) : '';
    const flags = /^flags:\s+(\d+)$/m.exec(info)?.[1];
    if (flags !== undefined && (Number.parseInt(flags, 8) & closedOnExec) === 0) closeSync(fd);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

async function readSecrets(): Promise<KeeperSecrets | undefined> {
  try {
    return JSON.parse(await text(process.stdin)) as KeeperSecrets;
  } catch {
    return undefined;
  }
}

/** The keeper's program: `node main.ts <lease directory>`, with `KeeperSecrets` on standard input. It lives as long as its sandbox. */
async function main(leaseDirectory: string): Promise<void> {
  const log = (message: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${message}\n`);
  };
  // Socket addresses hold 108 bytes; a name relative to the lease's directory always fits.
  process.chdir(leaseDirectory);
  closeInherited();
  // For the workspace; nobody else may enter the lease's directory.
  process.umask(0o022);
  const lease = readJsonFile(leaseFile.config) as LeaseConfig | undefined;
  // Who starts a keeper may die over it. Without the operator's proxy the setup would go the direct way: the next caller starts another.
  const secrets = await readSecrets();
  const server = createServer();
  if (lease === undefined || secrets === undefined || !(await listen(server))) process.exit(0);

  const config = { ...lease, ...secrets };
  const records = createStepRecords(path.join(leaseDirectory, leaseFile.steps));
  const maker = createLocalLeaseMaker({ leaseDirectory, config, records, log });
  const keeper = createKeeper({ leaseId: config.spec.leaseId, records, maker });
  let lastCallAt = Date.now();
  let releasing: Promise<void> | null = null;
  const release = (): Promise<void> => {
    releasing ??= keeper
      .stop()
      .then(() => removeLeaseDirectory(path.dirname(leaseDirectory), path.basename(leaseDirectory)))
      .finally(goodbye);
    return releasing;
  };
  const goodbye = (): void => {
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), goodbyeLimitMs);
  };

  serveKeeper(server, {
    keeper,
    release,
    onCall: () => {
      lastCallAt = Date.now();
    },
  });
  setInterval(
    () => {
      server.getConnections((_error, connections) => {
        if (connections > 0) lastCallAt = Date.now();
        if (Date.now() - lastCallAt < config.idleLimitMs) return;
        log('nobody has called for the idle limit: the lease is given up');
        release().catch((error: unknown) => log(String(error)));
      });
    },
    Math.min(idleCheckMs, config.idleLimitMs),
  );

  keeper.sandboxEnded.then(
    async (how) => {
      if (releasing !== null) return;
      log(`the sandbox has ended: ${how}`);
      await keeper.stop();
      // What steps have left on disk stays for whoever asks next.
      goodbye();
    },
    async (error: unknown) => {
      log(`the lease could not be made: ${error instanceof Error ? error.message : String(error)}`);
      // Whoever asked for it hears why, and then releases; it may not have called yet.
      setTimeout(() => void release(), hearingLimitMs);
    },
  );
}

const [leaseDirectory] = process.argv.slice(2);
if (leaseDirectory === undefined) throw new Error('usage: main.ts <lease directory>');
await main(leaseDirectory);

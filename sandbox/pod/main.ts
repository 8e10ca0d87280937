import { copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../../contracts/error.ts';
import { createKeeper, type Keeper } from '../keeper/keeper.ts';
import { type Answer, handle, serveCalls } from '../keeper/server.ts';
import { createStepRecords } from '../keeper/step-records.ts';
import type { KeeperCall, PodLease } from '../protocol.ts';
import { takeFromMirror } from './mirror.ts';
import { controlFile, keeperSocket, podPlace, subPath } from './places.ts';
import { createPodLeaseMaker } from './pod-lease.ts';
import { makePodSource, type PodSource } from './pod-source.ts';
import { makeRunnerLine } from './runner-line.ts';
import { endUnlessTold, untoldLimitMs } from './unless-told.ts';

const goodbyeMs = 2_000;
const runnerFile = fileURLToPath(new URL('../runner.sh', import.meta.url));
const nothing: Answer = { value: null, bytes: null };

interface Told {
  readonly lease: PodLease;
  readonly source: PodSource;
}

/** The program of a pod's keeper. It knows nothing of its lease until a worker tells it, and lives as long as its pod. */
async function main(): Promise<void> {
  process.chdir(podPlace.lease);
  process.umask(0o022);
  const ending = new AbortController();
  const kill = (): void => {
    ending.abort();
    setTimeout(() => process.exit(0), goodbyeMs).unref();
  };
  const mounted = [
    podPlace.workspace,
    path.join(podPlace.agentGit, 'lent/0'),
    path.join(podPlace.source, subPath.source),
  ];
  for (const place of mounted) mkdirSync(place, { recursive: true });
  // Not listable: what waits there for a later step is not for an earlier one to read.
  mkdirSync(podPlace.control, { recursive: true, mode: 0o311 });
  copyFileSync(runnerFile, path.join(podPlace.control, controlFile.runner));
  const line = await makeRunnerLine(podPlace.control, ending.signal);
  const records = createStepRecords(path.join(podPlace.lease, 'steps'));
  const waiting = endUnlessTold(untoldLimitMs, kill);
  let told: Told | null = null;
  let keeper: Keeper | null = null;

  const known = (): Told => {
    if (told !== null) return told;
    throw new LonghaulError('sandbox.start_failed', 'This pod has not been told its lease yet.');
  };
  const made = (): Keeper => {
    const { lease } = known();
    keeper ??= createKeeper({
      leaseId: lease.leaseId,
      records,
      maker: createPodLeaseMaker({ lease, records, line, kill }),
    });
    return keeper;
  };
  const release = async (): Promise<void> => {
    await keeper?.stop();
    kill();
  };

  const server = createServer();
  serveCalls(server, async (socket: Socket, call: KeeperCall, stdin: Buffer | null, body: Readable) => {
    waiting.heard();
    switch (call.call) {
      case 'ping':
        return nothing;
      case 'make':
        if (told !== null && told.lease.leaseId !== call.lease.leaseId) throw anothers(told.lease.leaseId);
        waiting.told();
        told ??= { lease: call.lease, source: makePodSource(call.lease.commit, call.lease.shallow) };
        return { value: !(await told.source.has(told.lease.commit)), bytes: null };
      case 'borrow':
        known();
        return { value: await takeFromMirror(call.commits), bytes: null };
      case 'receive':
        await known().source.receive(body, call.packBytes);
        return nothing;
      case 'lacks':
        return { value: (await known().source.has(call.commit)) ? null : known().lease.commit, bytes: null };
      case 'restore':
        await made().restore({ gitDir: podPlace.source, commit: call.commit });
        return nothing;
      case 'acquire':
      case 'exec':
      case 'cancel':
      case 'checkpoint':
      case 'release':
        return handle({ keeper: made(), release, onCall: () => undefined }, socket, call, stdin);
    }
  });
  const own = `.${keeperSocket}.${process.pid}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(own, resolve);
  });
  linkSync(own, keeperSocket);
  rmSync(own);
  process.on('SIGTERM', () => kill());
}

function anothers(leaseId: string): LonghaulError {
  return new LonghaulError(
    'sandbox.conflict',
    `This pod is that of lease ${leaseId}. Acquire the next lease.`,
  );
}

await main();

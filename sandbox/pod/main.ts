import { copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LonghaulError } from '../../contracts/error.ts';
import { createKeeper, type Keeper } from '../keeper/keeper.ts';
import { type Answer, type Handle, handle, type ServerDeps, serveCalls } from '../keeper/server.ts';
import { createStepRecords } from '../keeper/step-records.ts';
import type { PodLease } from '../protocol.ts';
import { createBroughtSetups } from './brought-setup.ts';
import { createIdleWatch } from './idle-watch.ts';
import { takeFromMirror } from './mirror.ts';
import { controlFile, keeperSocket, podPlace, subPath } from './places.ts';
import { createPodLeaseMaker, type PodLeaseDeps, type PodLive } from './pod-lease.ts';
import { createPodSetup, type PodSetupRun } from './pod-setup.ts';
import { makePodSource, type PodSource } from './pod-source.ts';
import { makeRunnerLine } from './runner-line.ts';
import { createSetupCalls } from './setup-calls.ts';
import { endUnlessTold, untoldLimitMs } from './unless-told.ts';

const goodbyeMs = 2_000;
const runnerFile = fileURLToPath(new URL('../runner.sh', import.meta.url));
const nothing: Answer = { value: null, bytes: null };

interface Told {
  readonly lease: PodLease;
  readonly source: PodSource;
}

interface Made {
  readonly keeper: Keeper;
  readonly setup: PodSetupRun;
}

/** The program of a pod's keeper. It knows nothing of its lease until a worker tells it, and lives as long as its pod. */
async function main(idleLimitMs: number): Promise<void> {
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
  let all: Made | null = null;
  const brought = createBroughtSetups();

  const known = (): Told => {
    if (told !== null) return told;
    throw new LonghaulError('sandbox.start_failed', 'This pod has not been told its lease yet.');
  };
  const made = (): Made => {
    const { lease } = known();
    all ??= makeAll({ lease, setup: () => brought.forLease(lease), records, line, kill });
    return all;
  };
  const release = async (): Promise<void> => {
    await all?.keeper.stop();
    kill();
  };
  const setups = createSetupCalls({ brought, begun: () => all !== null, run: () => made().setup });
  const leaseCalls = (): ServerDeps => ({ keeper: made().keeper, release, onCall: () => undefined });

  const server = createServer();
  const idle = createIdleWatch(idleLimitMs, () => {
    process.stderr.write('nobody has called for the idle limit: the pod is given up\n');
    void release();
  });
  const answer: Handle = async (socket, call, stdin, body) => {
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
        await made().keeper.restore({ gitDir: podPlace.source, commit: call.commit });
        return nothing;
      case 'setup':
      case 'part':
      case 'prepared':
      case 'bring':
      case 'unpack':
        return await setups(socket, call, stdin ?? Buffer.alloc(0));
      case 'acquire':
      case 'exec':
      case 'cancel':
      case 'checkpoint':
      case 'release':
        return handle(leaseCalls(), socket, call, stdin);
    }
  };
  serveCalls(server, (...call) => idle.during(() => answer(...call)));
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

function makeAll(deps: PodLeaseDeps): Made {
  const maker = createPodLeaseMaker(deps);
  const { lease, records } = deps;
  let live: Promise<PodLive> | null = null;
  const keeper = createKeeper({
    leaseId: lease.leaseId,
    records,
    maker: {
      make: (progress) => {
        live = maker.make(progress);
        return live;
      },
      end: maker.end,
    },
  });
  const setup = createPodSetup({
    live: async () => {
      await keeper.ready;
      if (live === null) throw new LonghaulError('internal.bug', 'The keeper makes no lease.');
      return await live;
    },
    commit: () => lease.commit,
  });
  return { keeper, setup };
}

const idleLimitSeconds = Number(process.argv[2]);
if (!(idleLimitSeconds > 0)) throw new Error('usage: main.ts <seconds that a pod may be idle>');
await main(idleLimitSeconds * 1000);

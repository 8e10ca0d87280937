import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultKind, PlannedFault } from '../contracts/drill.ts';
import type { TaskId } from '../contracts/ids.ts';
import { recordedProcesses } from '../sandbox/leftovers.ts';
import { isAlive, killAndWait } from '../sandbox/processes.ts';
import { readServerState } from '../workers/embedded-server/state-file.ts';
import { stopEmbeddedServer } from '../workers/embedded-server/stop.ts';
import { listWorkers, type WorkerProcess } from '../workers/worker-processes.ts';
import { killNow, sendTo } from './kill-now.ts';
import { type Machine, workersKept } from './machine.ts';
import { withTemporal } from './temporal.ts';

/** What a fault has hit, and how to take back what goes on. */
export interface Struck {
  readonly target: string;
  /** Lets a frozen process go on; nothing for the other kinds. Twice is fine. */
  release(): void;
}

const killLimitMs = 10_000;
const nothingToRelease = () => {};

/**
 * Does one fault to a machine, and what an operator's process keeper does after it: workers and the server come up again. Calls `onHit` at
 * the moment of the fault itself; does not when there is nothing to hit.
 */
export async function strike(
  fault: PlannedFault,
  scene: StrikeScene,
  onHit: (struck: Struck) => void,
): Promise<void> {
  await faults[fault.kind](scene, onHit);
}

export interface StrikeScene {
  readonly machine: Machine;
  readonly taskId: TaskId;
  readonly random: () => number;
}

type Fault = (scene: StrikeScene, onHit: (struck: Struck) => void) => Promise<void>;

const faults: Readonly<Record<FaultKind, Fault>> = {
  async worker_killed(scene, onHit) {
    const worker = await busyWorker(scene);
    if (worker === undefined) return;
    await killNow(worker);
    onHit({ target: `worker, process ${worker.pid}`, release: nothingToRelease });
    await keepWorkersUp(scene.machine);
  },
  async worker_frozen(scene, onHit) {
    const worker = await busyWorker(scene);
    if (worker === undefined) return;
    sendTo(worker, 'SIGSTOP');
    onHit({ target: `worker, process ${worker.pid}`, release: () => sendTo(worker, 'SIGCONT') });
  },
  async server_killed({ machine }, onHit) {
    const server = await readServerState(machine.home);
    if (server?.status !== 'running') return;
    await killNow(server);
    onHit({ target: `Temporal server, process ${server.pid}`, release: nothingToRelease });
    await machine.startServer();
  },
  async server_stopped({ machine }, onHit) {
    if (await stopEmbeddedServer(machine.home))
      onHit({ target: 'Temporal server', release: nothingToRelease });
    await machine.startServer();
  },
  async keeper_killed({ machine, taskId }, onHit) {
    const keeper = newestKeeper(machine.home, taskId);
    if (keeper === undefined || !isAlive(keeper) || !(await killAndWait(keeper, killLimitMs))) return;
    onHit({ target: `sandbox keeper, process ${keeper.pid}`, release: nothingToRelease });
  },
  async stream_dropped(_, onHit) {
    // The scripted model does it by itself, at this request.
    onHit({ target: "the model's answer", release: nothingToRelease });
  },
};

/** The worker that runs an activity of the task now, else any. */
async function busyWorker({ machine, taskId, random }: StrikeScene): Promise<WorkerProcess | undefined> {
  const workers = await listWorkers(machine.home);
  const identity = await withTemporal(machine.env, async (client) => {
    const { raw } = await client.workflow.getHandle(taskId).describe();
    return raw.pendingActivities?.[0]?.lastWorkerIdentity ?? '';
  }).catch(() => '');
  const pid = Number(identity.split('@')[0]);
  return workers.find((worker) => worker.pid === pid) ?? workers[Math.floor(random() * workers.length)];
}

async function keepWorkersUp(machine: Machine): Promise<void> {
  const running = (await listWorkers(machine.home)).length;
  await Promise.all(Array.from({ length: Math.max(0, workersKept - running) }, () => machine.startWorker()));
}

function newestKeeper(home: string, taskId: TaskId) {
  const leases = join(home, 'leases');
  const names = existsSync(leases) ? readdirSync(leases) : [];
  const number = (name: string) => Number(name.split('.').at(-1));
  const own = names.filter((name) => name.startsWith(`${taskId}.`) && Number.isInteger(number(name)));
  const newest = own.sort((a, b) => number(a) - number(b)).at(-1);
  return newest === undefined ? undefined : recordedProcesses(join(leases, newest))?.keeper;
}

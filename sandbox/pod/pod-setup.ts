import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import { restoreTracked } from '../keeper/checkout.ts';
import { proxyEnvironment, proxyPort, runSetupCommands } from '../keeper/setup-commands.ts';
import { listMade } from '../keeper/setup-made.ts';
import { createStepRecords } from '../keeper/step-records.ts';
import { leaseFile } from '../lease-files.ts';
import type { PodSetup, SetupArchive } from '../protocol.ts';
import { parseAllowList } from '../proxy/allow-list.ts';
import { type SetupProxy, startSetupProxy } from '../proxy/setup-proxy.ts';
import { untilAdmitted } from './egress-way.ts';
import { podPlace } from './places.ts';
import type { PodLive } from './pod-lease.ts';
import { describeArchive, packArchive } from './setup-archive.ts';

export interface SetupResult {
  readonly archive: SetupArchive;
  /** Lines of an exclude file. */
  readonly exclude: Buffer;
}

/** A pod's one setup. */
export interface PodSetupRun {
  /** Runs it, or follows the one that runs. Throws `sandbox.setup_failed`, `sandbox.start_failed`, `sandbox.unavailable`. */
  run(setup: PodSetup, progress: (value: SetupProgress) => void): Promise<SetupResult>;
  /** A part of the archive, once it has run. */
  part(offset: number, length: number): Buffer;
}

export function createPodSetup(deps: {
  readonly live: () => Promise<PodLive>;
  readonly commit: () => string;
}): PodSetupRun {
  const listeners = new Set<(progress: SetupProgress) => void>();
  let running: Promise<SetupResult> | null = null;
  let file: string | null = null;

  const start = async (setup: PodSetup): Promise<SetupResult> => {
    const live = await deps.live();
    const records = createStepRecords(path.join(podPlace.lease, 'setup-steps'));
    const steps = live.stepsWith(records);
    const progress = (value: SetupProgress): void => {
      for (const listener of listeners) listener(value);
    };
    const proxy = await openProxy(setup, progress);
    try {
      const environment = proxy === null ? {} : proxyEnvironment;
      await runSetupCommands({ setup, steps, records, proxy, environment, progress });
    } finally {
      proxy?.close();
    }
    progress({ phase: 'setup', tail: 'keeping what the setup has made' });
    // Stopped while git looks at the files, then ended: what runs on would change what is being archived.
    const wake = await live.agent.hold();
    await restoreTracked(live.git, deps.commit());
    const { names, exclude } = await listMade(live.git);
    if (!(await live.agent.clear())) throw stuck();
    wake();
    file = await packArchive({ steps, records }, names);
    return { archive: await describeArchive(file), exclude };
  };

  return {
    async run(setup, progress) {
      listeners.add(progress);
      running ??= start(setup);
      try {
        return await running;
      } finally {
        listeners.delete(progress);
      }
    },
    part(offset, length) {
      if (file === null) throw new LonghaulError('internal.bug', 'The setup of this pod has no result yet.');
      const fd = openSync(file, 'r');
      try {
        const bytes = Buffer.alloc(length);
        return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** The commands speak to this proxy alone; the token for the next one stays with the keeper. */
async function openProxy(
  { hosts, egressUrl }: PodSetup,
  progress: (value: SetupProgress) => void,
): Promise<SetupProxy | null> {
  if (egressUrl === null) return null;
  const upstream = new URL(egressUrl);
  progress({ phase: 'setup', tail: `waits for the egress proxy at ${upstream.host}` });
  await untilAdmitted(upstream);
  return await startSetupProxy({
    listen: { port: proxyPort },
    logFile: path.join(podPlace.lease, leaseFile.proxyLog),
    allow: parseAllowList(hosts),
    upstream,
  });
}

function stuck(): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    'The setup has left processes that cannot be ended: its result cannot be kept.',
  );
}

import type { SandboxFacts, WorkspaceRef } from '../contracts/activities.ts';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { LeaseId, TaskId } from '../contracts/ids.ts';
import type { Lease, SandboxSetup, SandboxSpec } from '../contracts/sandbox.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';
import type { Ports } from './ports.ts';
import type { Pulse } from './pulse.ts';

export interface HeldLease {
  readonly leaseId: LeaseId;
  readonly leaseNumber: number;
  readonly facts: SandboxFacts;
  readonly renewAtMs: Lease['renewAtMs'];
  /** Sandboxes of this task that were found dead on the way, oldest first. They stay until `releaseEarlier`, since they know what ran in them. */
  readonly dead: readonly LeaseId[];
}

const maxTries = 5;
/** Gone; or made with other settings, before a worker was told others: what ran there is known there, and the next one has the new ones. */
const notOurs: ReadonlySet<unknown> = new Set<ErrorCode>(['sandbox.lost', 'sandbox.conflict']);

/** Takes the task's sandbox, or the next one when it has gone or was made with other settings: the workspace is then the last checkpoint. Throws what `acquire` throws. */
export async function holdLease(
  ports: Pick<Ports, 'sandbox' | 'repositories' | 'limits'>,
  input: { readonly taskId: TaskId; readonly workspace: WorkspaceRef; readonly setup: SandboxSetup | null },
  pulse: Pulse,
): Promise<HeldLease> {
  const { taskId, workspace, setup } = input;
  const dead: LeaseId[] = [];
  for (let tries = 0; tries < maxTries; tries++) {
    const leaseNumber = workspace.leaseNumber + tries;
    const leaseId = `${taskId}.${leaseNumber}` as LeaseId;
    const spec: SandboxSpec = {
      leaseId,
      taskId,
      source: { gitDir: ports.repositories.gitDir(taskId), commit: workspace.commit },
      setup,
      limits: ports.limits.sandbox,
    };
    try {
      const lease = await acquire(ports, spec, pulse);
      return { leaseId, leaseNumber, facts: factsOf(lease), renewAtMs: lease.renewAtMs, dead };
    } catch (error) {
      if (!notOurs.has(errorCode(error))) throw error;
      dead.push(leaseId);
    }
  }
  throw new LonghaulError(
    'sandbox.start_failed',
    `the sandbox of ${taskId} was lost ${maxTries} times in a row: see the logs of its keepers`,
  );
}

/**
 * Releases the sandboxes before the workspace's own. Only with a workspace that history holds: as long as the activity that replaced a
 * sandbox may run again, the dead one is what keeps its actions from running twice, and what leads to its successor.
 */
export async function releaseEarlier(
  { sandbox }: Pick<Ports, 'sandbox'>,
  taskId: TaskId,
  { leaseNumber }: Pick<WorkspaceRef, 'leaseNumber'>,
): Promise<void> {
  if (leaseNumber === 1) return;
  for (const lease of await sandbox.leases()) {
    const number = Number(/\.([0-9]+)$/.exec(lease.leaseId)?.[1] ?? leaseNumber);
    if (lease.taskId === taskId && number < leaseNumber) await sandbox.release(lease.leaseId);
  }
}

export function acquire(ports: Pick<Ports, 'sandbox'>, spec: SandboxSpec, pulse: Pulse): Promise<Lease> {
  const names = {
    checkout: 'making the workspace',
    setup: 'running the setup',
    start: 'starting the sandbox',
  } as const;
  return ports.sandbox.acquire(spec, {
    signal: pulse.signal,
    onProgress: ({ phase, tail }) => pulse.say(names[phase], tail),
  });
}

function factsOf({ backend, imageDigest, specDigest, setupDigest, leaseId }: Lease): SandboxFacts {
  return { backend, imageDigest, specDigest, setupDigest, leaseId };
}

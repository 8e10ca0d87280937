import type { LeaseMode } from '../contracts/activities.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { Forge } from '../contracts/forge.ts';
import type { ModelClient } from '../contracts/model-client.ts';
import type { ModelDialect } from '../contracts/model-dialect.ts';
import type { Notifier } from '../contracts/notifier.ts';
import type { Sandbox, SandboxLimits } from '../contracts/sandbox.ts';
import type { TaskRepository } from '../contracts/task-repository.ts';

/** Everything outside that activities use. */
export interface Ports {
  readonly artifacts: ArtifactStore;
  readonly forge: Forge;
  readonly repositories: TaskRepository;
  readonly sandbox: Sandbox;
  readonly model: ModelClient;
  readonly dialect: (model: string) => ModelDialect;
  readonly notifier: Notifier;
  /** Why no further action of the calling activity's task is worth beginning; null otherwise, and where the task cannot be asked. */
  readonly overtaken: () => Promise<string | null>;
  readonly limits: ActivityLimits;
  /** What tasks that begin here are given. */
  readonly leaseMode: LeaseMode;
}

export interface ActivityLimits {
  readonly sandbox: SandboxLimits;
  readonly setupTimeoutMs: number;
  readonly checkTimeoutMs: number;
  readonly actionTimeoutMs: number;
  /** No action may ask for more. */
  readonly maxActionTimeoutMs: number;
  readonly maxOutputBytes: number;
}

export const defaultLimits: ActivityLimits = {
  sandbox: { memoryBytes: 4 * 1024 ** 3, processes: 512, maxFileBytes: 50 * 1024 ** 2 },
  setupTimeoutMs: 30 * 60_000,
  checkTimeoutMs: 30 * 60_000,
  actionTimeoutMs: 10 * 60_000,
  maxActionTimeoutMs: 2 * 60 * 60_000,
  maxOutputBytes: 32 * 1024 ** 2,
};

import type { CommitId, Digest, LeaseId, StepId, TaskId, TreeId } from './ids.ts';

/** Limits of a sandbox as a whole. */
export interface SandboxLimits {
  readonly memoryBytes: number;
  readonly processes: number;
  /** Untracked files above this size are left out of a checkpoint and named. */
  readonly maxFileBytes: number;
}

/** The commands that prepare a workspace, run once with network to `hosts` only. */
export interface SandboxSetup {
  readonly commands: readonly string[];
  /** `host` or `host:port`; port 443 and 80 when none is given. */
  readonly hosts: readonly string[];
  /** Digest of all inputs (commands, manifests, lock files, repository). The same digest may reuse an earlier result. */
  readonly digest: Digest;
  readonly timeoutMs: number;
}

export interface SandboxSpec {
  readonly leaseId: LeaseId;
  readonly taskId: TaskId;
  /** A bare repository on the trusted side, and the commit whose tree becomes the workspace. */
  readonly source: { readonly gitDir: string; readonly commit: CommitId };
  readonly setup: SandboxSetup | null;
  readonly limits: SandboxLimits;
}

/** A task's hold on a live sandbox. */
export interface Lease {
  readonly leaseId: LeaseId;
  readonly backend: 'local' | 'kubernetes';
  /** What the root file system is made of. */
  readonly imageDigest: Digest;
  readonly specDigest: Digest;
  readonly setupDigest: Digest | null;
  readonly setupReused: boolean;
  /** True when this lease was alive already, with whatever its workspace holds. */
  readonly adopted: boolean;
  /** From then on a task takes the next lease as soon as nothing of it runs here, since this one ends by itself some time later; null: it does not. */
  readonly renewAtMs: number | null;
}

/** One command. `argv` runs without a shell; a shell line is `['sh', '-c', line]` or `['bash', '-c', line]`. */
export interface Step {
  readonly stepId: StepId;
  readonly argv: readonly [string, ...string[]];
  /** Relative to the workspace, `.` for its root. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array | null;
  readonly timeoutMs: number;
  /** More output than this ends the step as `failed` with `outputLimit`. */
  readonly maxOutputBytes: number;
}

export interface StepResult {
  readonly status: 'ok' | 'failed' | 'timed_out' | 'cancelled' | 'lost';
  readonly exitCode: number | null;
  /** A signal name such as `SIGKILL` when that ended the command. */
  readonly signal: string | null;
  /** Standard output and error, interleaved as written; at most `maxOutputBytes`. */
  readonly output: Uint8Array;
  readonly outputLimit: boolean;
  readonly memoryLimit: boolean;
  readonly durationMs: number;
  /** True when an earlier call had started this step, and nothing was started now. `lost` and not adopted: it never began. */
  readonly adopted: boolean;
}

export interface StepWatch {
  /** Aborting stops the watching, not the step: it runs on and can be adopted. Use `cancel` to end it. */
  readonly signal: AbortSignal;
  /** The last lines of output so far, at most 4 KiB, at most once a second; in a pod also once when its keeper is reached. */
  readonly onOutput: (tail: string, at: StepPlace) => void;
}

/** Where a step runs and how far its output is known: what the next try, or a person at a terminal, looks for. */
export interface StepPlace {
  readonly stepId: StepId;
  /** Null for the local sandbox. */
  readonly pod: { readonly job: string; readonly uid: string } | null;
  /** Bytes of output so far; in a pod, those that have left it. */
  readonly offset: number;
}

export interface LeftOut {
  readonly path: string;
  readonly reason: 'too_large' | 'nested_repository' | 'special_file' | 'unreadable' | 'path_too_long';
}

/** The workspace as git objects, made by a trusted process that the agent's commands cannot reach. */
export interface SandboxCheckpoint {
  readonly tree: TreeId;
  readonly commit: CommitId;
  /** Objects of `commit` that `parent` lacks, as a git pack; null when the tree equals the parent's (then `commit` is the parent). */
  readonly pack: Uint8Array | null;
  readonly filesChanged: number;
  readonly linesChanged: number;
  readonly leftOut: readonly LeftOut[];
}

export interface SetupProgress {
  readonly phase: 'checkout' | 'setup' | 'start';
  readonly tail: string;
}

/**
 * Where untrusted commands run.
 *
 * A step's id never runs twice in a lease: asked again, also by another process after a crash, the sandbox gives the recorded result or
 * follows the step that still runs. A lease outlives the worker that acquired it. A sandbox that is gone gives the results that it recorded,
 * else `lost`, from `exec`, and `sandbox.lost` from the other calls; it never starts another by itself.
 */
export interface Sandbox {
  /** Says whether this machine can run it, and what is missing. */
  probe(): Promise<{ readonly available: boolean; readonly findings: readonly string[] }>;
  /**
   * Makes the sandbox, or adopts the live one with the same lease id and spec digest (which leaves out `source`: only a new workspace is
   * made from it). A lease id whose sandbox has died is refused with
   * `sandbox.lost`: take the next id. Throws `sandbox.unavailable`, `sandbox.start_failed`, `sandbox.setup_failed`, `sandbox.disk_full`.
   */
  acquire(
    spec: SandboxSpec,
    watch: { readonly signal: AbortSignal; readonly onProgress: (progress: SetupProgress) => void },
  ): Promise<Lease>;
  exec(leaseId: LeaseId, step: Step, watch: StepWatch): Promise<StepResult>;
  /** Whether a step was ever started in this lease; a sandbox that is gone still knows. */
  began(leaseId: LeaseId, stepId: StepId): Promise<boolean>;
  /** Ends a running step with all its processes; nothing happens when it has ended. */
  cancel(leaseId: LeaseId, stepId: StepId): Promise<void>;
  /** Deterministic: the same workspace, parent and time give the same commit. */
  checkpoint(
    leaseId: LeaseId,
    input: { readonly parent: CommitId; readonly message: string; readonly timestampMs: number },
  ): Promise<SandboxCheckpoint>;
  /** Makes the workspace equal to a commit's tree; files that git ignores stay. */
  restore(leaseId: LeaseId, source: { readonly gitDir: string; readonly commit: CommitId }): Promise<void>;
  /** Ends every process of the lease and removes its files. Releasing twice, or one that is gone, is fine. */
  release(leaseId: LeaseId): Promise<void>;
  /** The leases that this machine or cluster holds now, for finding orphans. */
  leases(): Promise<
    readonly { readonly leaseId: LeaseId; readonly taskId: TaskId; readonly alive: boolean }[]
  >;
}

import type { TaskClient } from '../client/task-client.ts';
import type { ExplainedCommand } from '../contracts/decision.ts';
import type { DrillCertificate, DrillEvent, DrillOptions } from '../contracts/drill.ts';
import type { TaskId } from '../contracts/ids.ts';
import type { Lease } from '../contracts/sandbox.ts';
import type { PolicyRef } from '../contracts/task.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Takes one line for the person who waits, again and again while something takes long. */
export type Progress = (text: string) => void;

export interface ServerFacts {
  /** `embedded` is the user's own; `configured` is named by the environment or by Temporal's configuration file. */
  readonly kind: 'embedded' | 'configured';
  readonly address: string;
  readonly namespace: string;
  /** Null where the server has not been asked. */
  readonly version: string | null;
  /** Temporal's own web page; null when there is none that is known. */
  readonly uiAddress: string | null;
}

export interface WorkerModel {
  /** Whom it asks; never with a secret. */
  readonly server: string;
  readonly keySet: boolean;
  /** Names of the settings that this environment says otherwise. */
  readonly differs: readonly string[];
}

/** Where commands of tasks run. */
export type SandboxBackend = Lease['backend'];

export interface WorkerSandbox {
  readonly backend: SandboxBackend;
  /** The address of the cluster; empty for the local one. */
  readonly place: string;
  /** Names of the settings that this environment says otherwise. */
  readonly differs: readonly string[];
}

export interface WorkerFacts {
  readonly pid: number;
  readonly address: string;
  readonly version: string;
  /** How its settings of the model are; null for one that does not tell. */
  readonly model: WorkerModel | null;
  readonly sandbox: WorkerSandbox;
  /** What it has done, and what people have to do. */
  readonly notes: readonly string[];
}

/** A version that is current (takes new tasks, and those that go on in a new run), or that tasks are on. */
export interface VersionFacts {
  readonly build: string;
  readonly current: boolean;
  /** Whether it has a worker. */
  readonly served: boolean;
  /** Those that run on it. */
  readonly tasks: readonly string[];
}

/** Which histories: of tasks by id, of a queue's running tasks and those that ended since then, or files below a folder. */
export type ReplayRequest =
  | { readonly type: 'tasks'; readonly taskIds: readonly string[] }
  | { readonly type: 'since'; readonly endedSinceMs: number }
  | { readonly type: 'folder'; readonly folder: string };

/** One run of a task, or one file. */
export interface ReplayedRun {
  readonly name: string;
  readonly runId: string | null;
  readonly events: number;
  /** Why this program's workflow code cannot go on from it; null when it can. */
  readonly problem: string | null;
}

export interface Replay {
  /** The version that was asked. */
  readonly build: string;
  readonly runs: AsyncIterable<ReplayedRun>;
}

/** A policy that is valid, with everything that it extends. */
export interface ReadPolicy {
  readonly name: string;
  readonly digest: string;
  readonly rules: { readonly allow: number; readonly ask: number; readonly deny: number };
  explain(command: string): ExplainedCommand;
}

export interface ModelFacts {
  /** Null when none is configured. */
  readonly model: string | null;
  readonly baseUrl: string;
  /** Whether a key is set; never the key. */
  readonly keySet: boolean;
  readonly priceKnown: boolean;
}

/** Of the sandbox that this environment asks for. */
export type SandboxHealth =
  | {
      readonly backend: 'local';
      readonly available: boolean;
      readonly findings: readonly string[];
      readonly limits: readonly string[];
    }
  | {
      readonly backend: 'kubernetes';
      readonly findings: readonly {
        readonly holds: boolean;
        readonly text: string;
        readonly fix: string;
      }[];
      readonly limits: readonly string[];
    };

/** What is there and what is missing, as `doctor` looked at it; nothing was started for it. */
export interface DoctorFacts {
  readonly node: { readonly version: string; readonly needed: string; readonly newEnough: boolean };
  readonly git: { readonly version: string | null };
  readonly stateDirectory: {
    readonly path: string;
    readonly exists: boolean;
    readonly writable: boolean;
    /** Whether others can read it. */
    readonly shared: boolean;
    /** Null when it cannot be told. */
    readonly freeBytes: number | null;
  };
  readonly server: {
    readonly facts: ServerFacts | null;
    readonly reachable: boolean;
    /** Why not; or, when nothing runs, whether one could be started. */
    readonly detail: string;
    /** Whether `up` and `run` could start one. */
    readonly startable: boolean;
  };
  readonly workers: readonly WorkerFacts[];
  /** Null where no server could be asked, or keeps none. */
  readonly versions: readonly VersionFacts[] | null;
  readonly sandbox: SandboxHealth;
  readonly model: ModelFacts;
}

export interface Started<T> {
  readonly facts: T;
  /** False when it ran already. */
  readonly started: boolean;
}

/** What the command line needs from outside: the entry point binds it to the real parts, tests to a fake. */
export interface Platform {
  readonly terminal: Terminal;
  /** What a person types to call this program again, ready for a shell. */
  readonly program: string;
  /** Where the pages of the error codes are, with a slash at the end. */
  readonly docs: string;
  readonly version: string;
  readonly workingDirectory: string;
  /** Of the operating system: who decides and who asks. */
  readonly user: string;
  readonly clock: Clock;
  /** Bytes that nobody can foresee. */
  randomBytes(count: number): Uint8Array;
  readonly defaults: {
    readonly policy: string;
    readonly maxIterations: number;
    readonly approvalTimeoutMs: number;
  };
  /** A client of the server that runs or is configured. Throws `server.unavailable`. */
  openClient(): Promise<TaskClient>;
  /** Tries whether the state directory takes anything. Throws `disk.full`, `disk.no_permission`. */
  requireRoom(): Promise<void>;
  /**
   * The sandbox that this command asks for, else what the environment asks for: workers that it starts get it. Null leaves it to them. Throws
   * `config.invalid` where its settings cannot be used.
   */
  chooseSandbox(asked: SandboxBackend | undefined): Promise<SandboxBackend | null>;
  /** Whether no task can ever have been started here: no server is configured, and none has run in this home. */
  isUnused(): boolean;
  /** The server that `openClient` would use; null when none runs. */
  server(): Promise<ServerFacts | null>;
  /** Starts the embedded server unless one runs or is configured. Throws `server.missing`, `server.unavailable`. */
  ensureServer(progress: Progress): Promise<Started<ServerFacts>>;
  /**
   * Starts workers of this machine and of this version until `count` run; those of others are not counted. Tasks to `leave` may stay with
   * workers of their own version. Throws `worker.missing`, `version.cannot_replay`, `version.unsupported`.
   */
  ensureWorkers(
    count: number,
    progress: Progress,
    leave: readonly string[],
  ): Promise<Started<readonly WorkerFacts[]>>;
  /** The workers of this machine and version that run: one of them may get the next task. */
  workers(): Promise<readonly WorkerFacts[]>;
  /** Ends this user's workers, then the embedded server. */
  stop(progress: Progress): Promise<{ readonly workers: number; readonly server: boolean }>;
  /** Runs a worker in this process until SIGINT or SIGTERM; `promote` makes its version current also where it was replaced before. */
  runWorker(options: { readonly promote: boolean; readonly leave: readonly string[] }): Promise<void>;
  doctor(): Promise<DoctorFacts>;
  /** Runs this program's workflow code over histories: no model, no execution. Throws `usage.invalid` for a folder without histories, `server.unavailable`. */
  replay(request: ReplayRequest): Promise<Replay>;
  /** Runs a past task again in copies under faults; see `drillTask`. Throws `drill.impossible`, and the signal's reason once that is aborted. */
  drill(taskId: TaskId, options: DrillOptions, tell: (event: DrillEvent) => void): Promise<DrillCertificate>;
  /** Facts for the model that is named, else for the configured one. */
  model(name: string | null): Promise<ModelFacts>;
  /** A built-in policy by name, or a file, which is checked and stored. Throws `policy.not_found`, `policy.invalid`. */
  loadPolicy(nameOrFile: string): Promise<PolicyRef>;
  /** The same, only read. Throws `policy.not_found`, `policy.invalid`. */
  readPolicy(nameOrFile: string): Promise<ReadPolicy>;
  /** A policy file of Codex's rules, and what could not be taken over. Throws `policy.invalid`. */
  importPolicy(
    text: string,
    fileName: string,
    name: string,
  ): { readonly yaml: string; readonly notes: readonly string[] };
  /** The form of a policy file, as JSON Schema. */
  policySchema(): Readonly<Record<string, unknown>>;
  /** The top of the repository that holds a folder, or a bare repository itself; null when there is none. */
  findRepository(folder: string): Promise<string | null>;
  /** What a repository holds that is in no commit, in one sentence; null when nothing is, or for a URL. Throws `repository.*`. */
  uncommitted(repository: string): Promise<string | null>;
  /** Lets the person change a text in their editor; null when they have none, the same text when they changed nothing. */
  editText(text: string, fileName: string): Promise<string | null>;
  /** Reads a file that the person names. Throws `usage.invalid`. */
  readFile(path: string): Promise<string>;
}

/** What following one task needs of it. */
export type FollowPlatform = Pick<
  Platform,
  'terminal' | 'program' | 'docs' | 'user' | 'clock' | 'server' | 'editText'
>;

export interface Clock {
  nowMs(): number;
  /** Calls again and again until the result is called. */
  every(ms: number, listener: () => void): () => void;
  /** Resolves after that time, or at once when the signal aborts. */
  after(ms: number, signal: AbortSignal): Promise<void>;
}

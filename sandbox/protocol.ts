import type { CommitId, Digest, LeaseId, StepId } from '../contracts/ids.ts';
import type {
  Lease,
  SandboxCheckpoint,
  SandboxLimits,
  SandboxSpec,
  SetupProgress,
  Step,
  StepResult,
} from '../contracts/sandbox.ts';
import type { ErrorCode } from '../contracts/words/errors.ts';

/** What a keeper is told by `config.json` of the lease, mode 0600. */
export interface LeaseConfig {
  readonly spec: SandboxSpec;
  readonly specDigest: Digest;
  readonly imageDigest: Digest;
  readonly nodePath: string;
  readonly readOnlyPaths: readonly string[];
  /** Absolute paths of the programs that the keeper runs. */
  readonly tools: KeeperTools;
  /** Whether this bwrap knows --disable-userns. */
  readonly disableUserns: boolean;
  readonly cacheDir: string;
  readonly idleLimitMs: number;
}

/** What may hold credentials: told on standard input as JSON, and never written down. */
export interface KeeperSecrets {
  /** The operator's own way out, for the setup proxy. */
  readonly upstreamProxyUrl: string | null;
}

export type KeeperConfig = LeaseConfig & KeeperSecrets;

export interface KeeperTools {
  readonly bwrap: string;
  readonly git: string;
  readonly tar: string;
  readonly sh: string;
  readonly mkfifo: string;
  readonly find: string;
}

export type StepCommand = Omit<Step, 'stdin'>;

/** What a keeper may be asked. */
export type KeeperCall = LeaseCall | PodCall;

export type LeaseCall =
  | { readonly call: 'acquire' }
  | { readonly call: 'ping' }
  | {
      readonly call: 'exec';
      readonly step: StepCommand;
      readonly stdinBytes: number | null;
      /** Output from this byte on comes while the step runs, as byte frames before the answer. Left out: all of it comes after the answer. */
      readonly from?: number;
    }
  | { readonly call: 'cancel'; readonly stepId: StepId }
  | {
      readonly call: 'checkpoint';
      readonly parent: CommitId;
      readonly message: string;
      readonly timestampMs: number;
    }
  | { readonly call: 'restore'; readonly gitDir: string; readonly commit: CommitId }
  | { readonly call: 'release' };

/** What a keeper in a pod is asked besides: it begins knowing nothing, and without a repository. */
export type PodCall =
  /** Tells it its lease; told twice it is fine. The answer says whether it still lacks the source's objects. */
  | { readonly call: 'make'; readonly lease: PodLease }
  /** Which of these commits, newest first, it took from a mirror, with all that it reaches; null for none. */
  | { readonly call: 'borrow'; readonly commits: readonly string[] }
  /** A pack with objects that it lacks, and its index, of so many bytes; they follow as they are read. */
  | { readonly call: 'receive'; readonly packBytes: number; readonly indexBytes: number }
  /** Null when it has this commit, else a commit that it has, from which a pack may be cut. */
  | { readonly call: 'lacks'; readonly commit: CommitId }
  | PodSetupCall;

/** A setup runs in a pod of its own, and its result is brought to the pods of leases. */
export type PodSetupCall =
  /** Runs the commands, once; asked again it follows. The answer is a `SetupArchive`, its bytes what checkpoints leave out. */
  | { readonly call: 'setup'; readonly setup: PodSetup }
  /** A part of the archive that a setup has given. */
  | { readonly call: 'part'; readonly offset: number; readonly length: number }
  /** Whether the lease is being made, or has been: then it needs no setup any more. */
  | { readonly call: 'prepared' }
  /** Takes a part of an archive in; false when it is not wanted any more. The same one twice is fine. */
  | {
      readonly call: 'bring';
      readonly archive: Digest;
      readonly offset: number;
      readonly stdinBytes: number;
    }
  /** The archive is there, and the lease is to be made with it; what follows is what checkpoints leave out. */
  | {
      readonly call: 'unpack';
      readonly archive: SetupArchive;
      readonly reused: boolean;
      readonly stdinBytes: number;
    };

export interface PodSetup {
  readonly commands: readonly string[];
  readonly hosts: readonly string[];
  readonly timeoutMs: number;
  /** The way out, with its token as the password; null without hosts. */
  readonly egressUrl: string | null;
}

/** What setup commands have left, as a tar archive. */
export interface SetupArchive {
  readonly digest: Digest;
  readonly bytes: number;
}

export interface PodLease {
  readonly leaseId: LeaseId;
  readonly commit: CommitId;
  /** Where history ends in a shallow source: the file `shallow` of its repository; empty for a whole one. */
  readonly shallow: string;
  readonly specDigest: Digest;
  readonly imageDigest: Digest;
  /** Null without one: else the lease is made once `unpack` has said of what. */
  readonly setupDigest: Digest | null;
  readonly limits: SandboxLimits;
}

export type KeeperLease = Omit<Lease, 'adopted' | 'renewAtMs'>;
export type KeeperStepResult = Omit<StepResult, 'output'>;
/** The answer to an `exec` that asked for its output by offset: what the whole is, for the caller to compare with what it has. */
export interface KeeperFedResult extends KeeperStepResult {
  readonly fed: FedOutput;
}
export interface FedOutput {
  readonly bytes: number;
  readonly sha256: string;
}
export type KeeperCheckpoint = Omit<SandboxCheckpoint, 'pack'>;

export interface KeeperFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** What a keeper sends: any number of `progress` and `tail`, then one of the others; `bytes` is what follows as byte frames, null for none. */
export type KeeperReply =
  | { readonly type: 'progress'; readonly progress: SetupProgress }
  | { readonly type: 'tail'; readonly tail: string; readonly offset?: number }
  | { readonly type: 'done'; readonly value: unknown; readonly bytes: number | null }
  | { readonly type: 'fault'; readonly fault: KeeperFault };

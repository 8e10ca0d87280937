import {
  type CommitId,
  CommitIdSchema,
  DigestSchema,
  type LeaseId,
  LeaseIdSchema,
  StepIdSchema,
  TaskIdSchema,
} from '../../contracts/ids.ts';
import type { Lease, Sandbox, SandboxSetup, SandboxSpec, Step, StepResult } from '../../contracts/sandbox.ts';

/** What a suite needs of an adapter beside the port: its faults and its trusted side. */
export interface SandboxFixture {
  readonly sandbox: Sandbox;
  /** Another client of the same leases, as a second worker has. */
  another(): Sandbox;
  /** A bare repository on the trusted side. */
  readonly gitDir: string;
  readonly commit: CommitId;
  /** An address of this machine that a setup may be let reach. */
  readonly hostAddress: string;
  /** Paths of the trusted side that no command may see. */
  readonly hidden: readonly string[];
  /** Ends the trusted side of a lease as a crash does. */
  killKeeper(leaseId: LeaseId): Promise<void>;
  /** What is still there of a lease: processes, directories, groups. */
  leftovers(leaseId: LeaseId): Promise<readonly string[]>;
  cleanup(): Promise<void>;
}

/** Files of the base of every suite: what git would change on the way in or out if it were let. */
export const baseFiles = {
  'README.md': '# Sample\n',
  'crlf.txt': 'one\r\ntwo\n',
  '.gitattributes':
    '*.txt text eol=lf\n*.id ident\n*.bin filter=lfs diff=lfs merge=lfs\n*.utf working-tree-encoding=UTF-16\n',
  '.gitignore': 'ignored/\n*.log\n',
  'a.id': '$Id$\n',
  'large.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
  'wide.utf': 'plain\n',
  'dir/file': 'inside\n',
  'sub/deep/leaf': 'leaf\n',
} as const;

export type MakeSandbox = () => Promise<SandboxFixture>;

export const lease = (id: string): LeaseId => LeaseIdSchema.parse(id);
export const step = (id: string) => StepIdSchema.parse(id);
export const digest = (letter: string) => DigestSchema.parse(`sha256:${letter.repeat(64)}`);

let count = 0;
export const nextLease = (): LeaseId => {
  count += 1;
  return lease(`t${process.pid}.${count}`);
};
export const nextStep = (): string => {
  count += 1;
  return `i1.a${count}`;
};

export function specOf(
  fixture: SandboxFixture,
  leaseId: LeaseId,
  setup: SandboxSetup | null = null,
): SandboxSpec {
  return {
    leaseId,
    taskId: TaskIdSchema.parse(leaseId.split('.')[0]),
    source: { gitDir: fixture.gitDir, commit: fixture.commit },
    setup,
    limits: { memoryBytes: 256 * 1024 * 1024, processes: 64, maxFileBytes: 100_000 },
  };
}

export const never = new AbortController().signal;
export const quiet = { signal: never, onProgress: () => undefined };

export async function acquire(fixture: SandboxFixture, leaseId: LeaseId = nextLease()): Promise<Lease> {
  return await fixture.sandbox.acquire(specOf(fixture, leaseId), quiet);
}

export function shell(line: string, more: Partial<Step> = {}): Step {
  return {
    stepId: step(nextStep()),
    argv: ['sh', '-c', line],
    cwd: '.',
    env: {},
    stdin: null,
    timeoutMs: 20_000,
    maxOutputBytes: 1_000_000,
    ...more,
  };
}

export interface TextResult extends Omit<StepResult, 'output'> {
  readonly text: string;
}

/** Runs one shell line to its end. */
export async function run(
  fixture: SandboxFixture,
  leaseId: LeaseId,
  line: string,
  more: Partial<Step> = {},
): Promise<TextResult> {
  const { output, ...result } = await fixture.sandbox.exec(leaseId, shell(line, more), {
    signal: never,
    onOutput: () => undefined,
  });
  return { ...result, text: Buffer.from(output).toString('utf8') };
}

export const checkpointOf = (fixture: SandboxFixture, leaseId: LeaseId, parent = fixture.commit) =>
  fixture.sandbox.checkpoint(leaseId, { parent, message: 'iteration 1\n', timestampMs: 1_700_000_000_123 });

export const commitOf = (id: string): CommitId => CommitIdSchema.parse(id);

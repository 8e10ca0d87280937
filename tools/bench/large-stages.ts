import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readRepository } from '../../activities/perceive/read-repository.ts';
import type { Ports } from '../../activities/ports.ts';
import { type CommitId, type LeaseId, type StepId, TaskIdSchema } from '../../contracts/ids.ts';
import { createPorts } from '../../workers/ports.ts';

export interface Stage {
  readonly name: string;
  readonly ms: number;
}

const watch = { signal: new AbortController().signal, onProgress: () => {}, onOutput: () => {} };
const taskId = TaskIdSchema.parse('bench-large');
const changedFiles = [1, 1, 10, 1000];

/** What each stage of a task costs on a repository, one after the other, with nothing else of Longhaul at work. The clone that it makes first is the floor, and then the person's repository. */
export async function largeStages(bare: string, home: string, clone: string): Promise<readonly Stage[]> {
  const stages: Stage[] = [];
  const time = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await run();
    stages.push({ name, ms: performance.now() - started });
    return result;
  };
  const ports = createPorts({ ...process.env, LONGHAUL_HOME: home });
  await time('git clone, local', () => git(['clone', '--quiet', bare, clone]));
  const base = await time('fetch', () =>
    ports.forge.fetch({ taskId, repository: clone, ref: null, includeChanges: false }),
  );
  const commit = base.baseCommit;
  await time('perceive: map, languages, conventions', () =>
    readRepository(ports.repositories, { taskId, commit, paths: [], setup: [] }),
  );
  const leaseId = `${taskId}.1` as LeaseId;
  await time('sandbox with checkout', () => acquire(ports, leaseId, commit));
  try {
    await time('first command', () => shell(ports, leaseId, 'true'));
    const last = await checkpoints(ports, leaseId, commit, time);
    await verifyAndPublish(ports, { clone, base: commit, baseBranch: base.baseBranch, last }, time);
  } finally {
    await time('sandbox given back', () => ports.sandbox.release(leaseId));
  }
  return stages;
}

type Time = <T>(name: string, run: () => Promise<T>) => Promise<T>;

async function checkpoints(ports: Ports, leaseId: LeaseId, base: CommitId, time: Time): Promise<CommitId> {
  const make = (parent: CommitId) =>
    ports.sandbox.checkpoint(leaseId, { parent, message: 'bench\n', timestampMs: 1_767_225_600_000 });
  await time('checkpoint, nothing changed, the first', () => make(base));
  await time('checkpoint, nothing changed', () => make(base));
  let parent = base;
  for (const [index, files] of changedFiles.entries()) {
    await shell(
      ports,
      leaseId,
      `git ls-files '*.ts' | head -${files} | while read -r f; do echo "// ${index}" >> "$f"; done`,
    );
    const label = `${files} file${files === 1 ? '' : 's'} changed`;
    const made = await time(`checkpoint, ${label}`, () => make(parent));
    const { commit, pack } = made;
    if (pack === null || made.filesChanged !== files)
      throw new Error(`the checkpoint has ${made.filesChanged} files, ${files} were changed`);
    await time(`checkpoint taken in, ${label}`, () =>
      ports.repositories.importCheckpoint({ taskId, iteration: index + 1, commit, pack }),
    );
    parent = commit;
  }
  return parent;
}

interface Delivery {
  readonly clone: string;
  readonly base: CommitId;
  readonly baseBranch: string | null;
  readonly last: CommitId;
}

async function verifyAndPublish(
  ports: Ports,
  { clone, base, baseBranch, last }: Delivery,
  time: Time,
): Promise<void> {
  await time('evaluate: what changed since the base', () => ports.repositories.changes(taskId, base, last));
  const fresh = `${taskId}.verify-1` as LeaseId;
  await time('fresh sandbox to verify in', () => acquire(ports, fresh, last));
  await time('fresh sandbox given back', () => ports.sandbox.release(fresh));
  await time('delivery as a branch', () =>
    ports.forge.publish({
      taskId,
      repository: clone,
      branch: `longhaul/${taskId}`,
      commit: last,
      baseCommit: base,
      baseBranch,
    }),
  );
}

function acquire(ports: Ports, leaseId: LeaseId, commit: CommitId) {
  const source = { gitDir: ports.repositories.gitDir(taskId), commit };
  return ports.sandbox.acquire({ leaseId, taskId, source, setup: null, limits: ports.limits.sandbox }, watch);
}

let steps = 0;

async function shell(ports: Ports, leaseId: LeaseId, line: string): Promise<void> {
  steps += 1;
  const { status, output } = await ports.sandbox.exec(
    leaseId,
    {
      stepId: `bench-${steps}` as StepId,
      argv: ['bash', '-c', line],
      cwd: '.',
      env: {},
      stdin: null,
      timeoutMs: 60_000,
      maxOutputBytes: 1024 * 1024,
    },
    watch,
  );
  if (status !== 'ok') throw new Error(`a command of the bench ended as ${status}: ${Buffer.from(output)}`);
}

async function git(args: readonly string[]): Promise<void> {
  const [code] = await once(spawn('git', args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}`);
}

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Names inside a lease's directory. Only `workspace`, `home`, `tmp` and (read-only) `control`, `agent-git`, `etc` are seen by the agent. */
export const leaseFile = {
  config: 'config.json',
  socket: 'keeper.sock',
  processes: 'processes.json',
  log: 'keeper.log',
  proxyLog: 'setup-proxy.jsonl',
  steps: 'steps',
  workspace: 'workspace',
  home: 'home',
  tmp: 'tmp',
  control: 'control',
  git: 'git',
  agentGit: 'agent-git',
  etc: 'etc',
} as const;

const trashPrefix = '.trash-';
const newPrefix = '.new-';

export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Reads and parses a JSON file; undefined when it is missing or torn. */
export function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Names a directory itself: it stays when the directory or one above it is moved, and a copy has another. */
export function directoryMark(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}

/** Replaces a file in one step: a reader sees the old or the new content, also after a power loss when `durable`. */
export function writeFileAtomically(file: string, content: string, durable: boolean): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, content);
    if (durable) fsyncSync(fd);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes a directory and those above it, for this user alone. Unlike Node's own recursive form it reports the reason of the failure
 * (that one says ENOENT on a read-only disk) and comes to an end below /proc.
 */
function ensureDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (errnoOf(error) !== 'ENOENT' || path.dirname(directory) === directory) throw error;
    ensureDirectory(path.dirname(directory));
    mkdirSync(directory, { mode: 0o700 });
  }
}

/** Puts a complete lease directory in its place in one step. False when the lease has one already. */
export function createLeaseDirectory(leasesDir: string, leaseId: string, config: string): boolean {
  ensureDirectory(leasesDir);
  const fresh = path.join(leasesDir, newPrefix + randomBytes(8).toString('hex'));
  mkdirSync(fresh, { mode: 0o700 });
  try {
    writeFileAtomically(path.join(fresh, leaseFile.config), config, true);
    renameSync(fresh, path.join(leasesDir, leaseId));
    return true;
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    const errno = errnoOf(error);
    if (errno === 'ENOTEMPTY' || errno === 'EEXIST') return false;
    throw error;
  }
}

/** The leases that have a directory, live or dead. */
export function listLeaseDirectories(leasesDir: string): string[] {
  try {
    return readdirSync(leasesDir).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Makes a lease's directory disappear in one step, then deletes what it held. No process of the lease may be alive. Never follows a
 * symbolic link, and gets past directories that their owner has closed.
 */
export async function removeLeaseDirectory(leasesDir: string, leaseId: string): Promise<void> {
  const trash = path.join(leasesDir, trashPrefix + randomBytes(8).toString('hex'));
  try {
    renameSync(path.join(leasesDir, leaseId), trash);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  await removeTree(trash);
}

/** Deletes what a remover that was killed has left. */
export async function sweepTrash(leasesDir: string): Promise<void> {
  for (const name of await readdir(leasesDir).catch(() => [])) {
    if (name.startsWith(trashPrefix)) await removeTree(path.join(leasesDir, name));
  }
}

const removeAttempts = 5;

/** Deletes a tree that no process is changing, also where its owner may not list or enter a directory, and however deep it is. */
export async function removeTree(directory: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rm(directory, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === removeAttempts) throw error;
      await makeRemovable(Buffer.from(directory));
    }
  }
}

/** Bytes below the tree's root; with any root and name the path stays below the 4096 that a path may have. */
const maxDepthBytes = 1024;

/**
 * Opens every directory, and moves what lies too deep for a path up to the root. Names as bytes: a name need not be valid UTF-8. A removal
 * that has failed may still be at work beside this, so anything may be gone.
 */
async function makeRemovable(root: Buffer): Promise<void> {
  const waiting = [root];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const stat = await lstat(directory).catch(() => undefined);
    if (stat === undefined || !stat.isDirectory()) continue;
    await chmod(directory, 0o700).catch(() => undefined);
    const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory()) waiting.push(await withinReach(root, below(directory, entry.name)));
    }
  }
}

async function withinReach(root: Buffer, directory: Buffer): Promise<Buffer> {
  if (directory.length - root.length <= maxDepthBytes) return directory;
  const higher = below(root, Buffer.from(`deep-${randomBytes(8).toString('hex')}`));
  await chmod(directory, 0o700).catch(() => undefined);
  return rename(directory, higher).then(
    () => higher,
    () => directory,
  );
}

function below(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}

// Plain JavaScript with node: imports only: set-up uses it on whatever Node is there, before anything is installed.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** @typedef {{ readonly pid: number, readonly startTime: string }} ProcessIdentity */

/**
 * When a process started, as text that differs for any other process that ever had its pid: a pid alone is reused.
 * @param {number} pid
 * @returns {string | undefined} undefined when no such process runs (a zombie does not run)
 */
export function processStartTime(pid) {
  if (process.platform === 'linux') {
    try {
      // The command in brackets may hold spaces and brackets: fields are counted from the last one.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {ProcessIdentity} identity
 * @returns {boolean} whether that very process still runs
 */
export function isRunning(identity) {
  return processStartTime(identity.pid) === identity.startTime;
}

/** @returns {ProcessIdentity} of this process */
export function thisProcess() {
  return { pid: process.pid, startTime: processStartTime(process.pid) ?? '' };
}

/**
 * @param {string} text
 * @returns {ProcessIdentity | undefined}
 */
function parseOwner(text) {
  try {
    const owner = JSON.parse(text);
    return typeof owner?.pid === 'number' && typeof owner?.startTime === 'string' ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
const errno = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {boolean} whether the lock is ours now
 */
function tryLock(file, text) {
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, text, { mode: 0o600 });
  try {
    // A link appears with its whole content or not at all, so nobody ever reads a lock without an owner.
    linkSync(own, file);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(own);
  }
}

/**
 * Takes a dead owner's lock away. Of two processes that both saw it dead, one may move the other's new lock:
 * what was moved is compared, and put back.
 * @param {string} file
 * @param {string} stale
 */
function breakLock(file, stale) {
  const moved = `${file}.stale.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(file, moved);
  } catch (error) {
    if (errno(error) === 'ENOENT') return;
    throw error;
  }
  if (readText(moved) !== stale) {
    try {
      linkSync(moved, file);
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error;
    }
  }
  unlinkSync(moved);
}

/** @param {number} ms */
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs `work` while no other process of this user runs under the same lock file. A lock whose owner died is taken over.
 * @template T
 * @param {string} file
 * @param {{ readonly onWait?: (ownerPid: number, waitedMs: number) => void }} options `onWait` is called about ten times a second
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withProcessLock(file, options, work) {
  mkdirSync(dirname(file), { recursive: true });
  const text = JSON.stringify({ ...thisProcess(), nonce: randomBytes(8).toString('hex') });
  const since = Date.now();
  while (!tryLock(file, text)) {
    const found = readText(file);
    if (found === undefined) continue;
    const owner = parseOwner(found);
    if (owner === undefined || !isRunning(owner)) {
      breakLock(file, found);
      continue;
    }
    options.onWait?.(owner.pid, Date.now() - since);
    await delay(100);
  }
  try {
    return await work();
  } finally {
    if (readText(file) === text) unlinkSync(file);
  }
}

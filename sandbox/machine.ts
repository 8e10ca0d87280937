import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import path from 'node:path';
import { LonghaulError } from '../contracts/error.ts';
import { type Digest, DigestSchema } from '../contracts/ids.ts';
import type { KeeperTools } from './protocol.ts';

export interface MachineInput {
  readonly readOnlyPaths: readonly string[];
  readonly searchPath: readonly string[];
}

export interface Machine {
  readonly tools: KeeperTools;
  readonly imageDigest: Digest;
  readonly disableUserns: boolean;
}

const systemPath = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const toolNames = [
  'bwrap',
  'git',
  'tar',
  'sh',
  'mkfifo',
  'find',
] as const satisfies readonly (keyof KeeperTools)[];

/** Where each needed program is, or null. */
export function locateTools(
  searchPath: readonly string[],
): Readonly<Record<keyof KeeperTools, string | null>> {
  const locate = (name: string): string | null =>
    [...systemPath, ...searchPath].map((directory) => path.join(directory, name)).find(isProgram) ?? null;
  return {
    bwrap: locate('bwrap'),
    git: locate('git'),
    tar: locate('tar'),
    sh: locate('sh'),
    mkfifo: locate('mkfifo'),
    find: locate('find'),
  };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What is missing on this machine before bwrap is even tried, each with its remedy. */
export function missingParts(system: string, located: ReturnType<typeof locateTools>): string[] {
  if (system !== 'linux') {
    return [
      `The local sandbox needs Linux with bubblewrap; this system is ${system}. Use the Kubernetes sandbox, or run the worker in a Linux virtual machine.`,
    ];
  }
  return toolNames
    .filter((name) => located[name] === null)
    .map((name) => `${name} was not found. ${remedy[name]}`);
}

const remedy: Readonly<Record<keyof KeeperTools, string>> = {
  bwrap:
    'Install bubblewrap: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap or pacman -S bubblewrap.',
  git: 'Install git.',
  tar: 'Install tar.',
  sh: 'Install a POSIX shell.',
  mkfifo: 'Install coreutils.',
  find: 'Install findutils.',
};

/** The programs and the root of this machine. Throws `sandbox.unavailable`. */
export function requireMachine(input: MachineInput): Machine {
  const located = locateTools(input.searchPath);
  const missing = missingParts(platform(), located);
  const { bwrap, git, tar, sh, mkfifo, find } = located;
  if (missing.length > 0 || !bwrap || !git || !tar || !sh || !mkfifo || !find) {
    throw new LonghaulError('sandbox.unavailable', `The local sandbox cannot run here. ${missing.join(' ')}`);
  }
  return {
    tools: { bwrap, git, tar, sh, mkfifo, find },
    imageDigest: imageDigest(input.readOnlyPaths),
    disableUserns: knowsDisableUserns(bwrap),
  };
}

/** Bubblewrap has it since 0.8.0. */
export function knowsDisableUserns(bwrap: string): boolean {
  try {
    return execFileSync(bwrap, ['--help'], { env: {}, encoding: 'latin1' }).includes('--disable-userns');
  } catch {
    return false;
  }
}

/** The root is this machine's own: its release, its processor and what is lent stand for it. */
function imageDigest(readOnlyPaths: readonly string[]): Digest {
  const osRelease = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return digestOf({ osRelease, arch: arch(), readOnlyPaths });
}

/** SHA-256 of a value that is built with its keys in a fixed order. */
export function digestOf(value: unknown): Digest {
  return DigestSchema.parse(`sha256:${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`);
}

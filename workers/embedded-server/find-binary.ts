import { accessSync, constants, existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import { withProcessLock } from '../process-lock.mjs';
import { cacheDirectory, type Environment } from '../state-dir.ts';
import {
  type BinaryVersion,
  checkBinary,
  minimumServerVersion,
  temporalCliVersion,
} from './binary-version.ts';
import { buildBinary } from './build-binary.ts';
import { type DownloadSources, downloadBinary, officialSources } from './download-binary.ts';
import type { Report } from './progress.ts';

export type BinarySource = 'path' | 'cache' | 'download' | 'build';

export interface ServerBinary extends BinaryVersion {
  readonly path: string;
  readonly source: BinarySource;
}

export interface FindBinaryOptions {
  readonly env?: Environment;
  readonly report?: Report;
  readonly sources?: DownloadSources;
}

/** Where a downloaded or built Temporal CLI is kept. */
export function cachedBinary(env: Environment): string {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  return join(cacheDirectory(env), 'temporal', temporalCliVersion, name);
}

function onPath(env: Environment): string | undefined {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  // A relative entry would run whatever the repository that one stands in has by that name.
  const directories = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds a Temporal CLI, or gets one: on PATH, in the cache, by download, by a Go build; minutes at worst.
 * Throws `server.missing` with every way that was tried and why it failed.
 */
export async function findServerBinary(options: FindBinaryOptions = {}): Promise<ServerBinary> {
  const { env = process.env, report = () => {}, sources = officialSources } = options;
  const tried: string[] = [];

  const named = onPath(env);
  const fromPath = await usable(named, 'path', tried, '`temporal` on PATH: there is none');
  if (fromPath) return fromPath;

  const cached = cachedBinary(env);
  const present = existsSync(cached) ? cached : undefined;
  const ready = await usable(
    present,
    'cache',
    tried,
    `one that Longhaul got before: there is none at ${cached}`,
  );
  if (ready) return ready;

  const onWait = reportWaiting(report);
  const got = await withProcessLock(`${cached}.lock`, { onWait }, async () => {
    // Another process may have got it while this one waited.
    const meanwhile = existsSync(cached) ? await usable(cached, 'cache', [], '') : undefined;
    return meanwhile ?? (await getBinary(cached, { env, report, sources }, tried));
  });
  if (got) return got;
  throw new LonghaulError('server.missing', missingMessage(tried));
}

async function usable(
  path: string | undefined,
  source: BinarySource,
  tried: string[],
  absent: string,
): Promise<ServerBinary | undefined> {
  if (path === undefined) {
    tried.push(absent);
    return undefined;
  }
  const version = await checkBinary(path);
  if ('unusable' in version) {
    tried.push(version.unusable);
    return undefined;
  }
  return { ...version, path, source };
}

async function getBinary(
  target: string,
  options: Required<FindBinaryOptions>,
  tried: string[],
): Promise<ServerBinary | undefined> {
  const { env, report, sources } = options;
  await removeUnfinished(dirname(target));
  const ways = [
    { source: 'download', name: 'download', get: () => downloadBinary(target, report, env, sources) },
    { source: 'build', name: 'Go build', get: () => buildBinary(target, report, env) },
  ] as const;
  for (const { source, name, get } of ways) {
    try {
      await get();
      const binary = await usable(target, source, tried, '');
      if (binary) {
        report(`Temporal server ${binary.server} is ready: ${target}`);
        return binary;
      }
      await rm(target, { force: true });
    } catch (error) {
      tried.push(`${name}: ${reasonOf(error)}`);
    }
  }
  return undefined;
}

// Under the lock nobody else is at it: what lies beside the binary is of one that was killed.
async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory);
  const unfinished = names.filter((name) => /^download-|\.build-\d+$/.test(name));
  await Promise.all(unfinished.map((name) => rm(join(directory, name), { recursive: true, force: true })));
}

// fetch says only "fetch failed"; what happened is in its cause.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function reportWaiting(report: Report): (ownerPid: number, waitedMs: number) => void {
  let nextMs = 0;
  return (ownerPid, waitedMs) => {
    if (waitedMs < nextMs) return;
    nextMs = waitedMs + 2_000;
    report(
      `waiting for process ${ownerPid}, which is getting the Temporal server (${Math.round(waitedMs / 1000)} s)`,
    );
  };
}

function missingMessage(tried: readonly string[]): string {
  return [
    'There is no Temporal server to run tasks on. Tried:',
    ...tried.map((line) => `  - ${line}`),
    'Do one of these, then try again:',
    `  - install the Temporal CLI, server ${minimumServerVersion} or newer, so that \`temporal\` is on PATH: https://docs.temporal.io/cli`,
    '  - install Go, so that Longhaul can build it: https://go.dev/dl/',
    '  - name a server that runs already: TEMPORAL_ADDRESS=host:7233 (and TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, …)',
  ].join('\n');
}

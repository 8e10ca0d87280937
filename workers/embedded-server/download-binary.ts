import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { setGlobalProxyFromEnv } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Environment, ensurePrivateDirectory } from '../state-dir.ts';
import { temporalCliVersion } from './binary-version.ts';
import { type Report, withProgress } from './progress.ts';

/** Where to ask. The first is the endpoint that the Temporal SDKs use for their own download, the second the release's checksums. */
export interface DownloadSources {
  readonly infoUrl: string;
  readonly checksumsUrl: string;
}

export const officialSources: DownloadSources = {
  infoUrl: `https://temporal.download/cli/v${temporalCliVersion}`,
  checksumsUrl: `https://github.com/temporalio/cli/releases/download/v${temporalCliVersion}/checksums.txt`,
};

const DownloadInfoSchema = z.object({
  archiveUrl: z.url(),
  // Goes to tar as the member to unpack: a plain name cannot leave the directory.
  fileToExtract: z.string().regex(/^[\w][\w.-]*$/),
});

const answerTimeoutMs = 10_000;
const transferTimeoutMs = 10 * 60_000;

async function get(url: string, timeoutMs: number): Promise<Response> {
  const answer = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { signal: answer });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}

/** The digest that a checksums file lists for one archive; throws when it lists none. */
export function checksumOf(checksums: string, archive: string): string {
  for (const line of checksums.split('\n')) {
    const [digest, name] = line.trim().split(/\s+\*?/);
    if (name === archive && digest !== undefined && /^[0-9a-f]{64}$/.test(digest)) return digest;
  }
  throw new Error(`the release's checksums do not list ${archive}`);
}

/**
 * Downloads the pinned Temporal CLI to `target`, checked against the release's SHA-256 sums before it is unpacked or run.
 * Throws a plain error with the reason when there is no network, no such platform or another digest; leaves nothing then.
 */
export async function downloadBinary(
  target: string,
  report: Report,
  environment: Environment,
  sources = officialSources,
): Promise<void> {
  // Node leaves HTTPS_PROXY and its like alone unless told; a company's network may have no other way out.
  const restore = setGlobalProxyFromEnv({ ...environment });
  try {
    await download(target, report, sources);
  } finally {
    restore();
  }
}

async function download(target: string, report: Report, sources: DownloadSources): Promise<void> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const query = new URLSearchParams({ arch, platform, format: 'tar.gz' });
  const info = DownloadInfoSchema.parse(
    await (await get(`${sources.infoUrl}?${query}`, answerTimeoutMs)).json(),
  );
  const archive = basename(new URL(info.archiveUrl).pathname);
  const expected = checksumOf(await (await get(sources.checksumsUrl, answerTimeoutMs)).text(), archive);

  const bytes = await withProgress(
    report,
    () => `downloading the Temporal server ${temporalCliVersion}`,
    async () => Buffer.from(await (await get(info.archiveUrl, transferTimeoutMs)).arrayBuffer()),
  );
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected)
    throw new Error(`${archive} has SHA-256 ${actual}, and the release says ${expected}`);

  const staging = await mkdtemp(join(ensurePrivateDirectory(dirname(target)), 'download-'));
  try {
    await writeFile(join(staging, archive), bytes);
    await promisify(execFile)('tar', ['-xzf', archive, info.fileToExtract], { cwd: staging });
    await rename(join(staging, info.fileToExtract), target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

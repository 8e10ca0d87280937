import { join } from 'node:path';
import { createDirectoryStore } from '../artifacts/directory-store.ts';
import type { ArtifactStore } from '../contracts/artifact-store.ts';
import type { Sandbox } from '../contracts/sandbox.ts';
import type { TaskRepository } from '../contracts/task-repository.ts';
import { createGitTaskRepository } from '../forge/git-task-repository.ts';
import { defaultSilenceLimitMs } from '../sandbox/call-while-alive.ts';
import { createLocalSandbox, defaultIdleLimitMs } from '../sandbox/local-sandbox.ts';
import { cacheDirectory, type Environment, stateDirectory } from './state-dir.ts';

export function artifactStore(home: string): ArtifactStore {
  return createDirectoryStore(join(home, 'artifacts'));
}

export function taskRepository(home: string): TaskRepository {
  return createGitTaskRepository({ stateDir: home });
}

/** Toolchains that lie in a home directory are lent by name: `LONGHAUL_SANDBOX_READ_ONLY_PATHS`, separated by colons. */
export function localSandbox(env: Environment = process.env): Sandbox {
  const lent = (env['LONGHAUL_SANDBOX_READ_ONLY_PATHS'] ?? '').split(':').filter((path) => path !== '');
  return createLocalSandbox({
    stateDir: stateDirectory(env),
    cacheDir: cacheDirectory(env),
    nodePath: process.execPath,
    readOnlyPaths: lent,
    searchPath: (env['PATH'] ?? '').split(':').filter((path) => path !== ''),
    upstreamProxyUrl: env['HTTPS_PROXY'] ?? env['https_proxy'] ?? null,
    idleLimitMs: defaultIdleLimitMs,
    silenceLimitMs: defaultSilenceLimitMs,
  });
}

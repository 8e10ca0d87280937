import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { cacheDirectory } from '../../workers/state-dir.ts';
import { makeSampleRepository } from '../demo/sample-repository.ts';
import { type LoopRun, totalBytes } from './loop-run.ts';
import { watchRequests } from './request-times.ts';
import type { Commands } from './scenario.ts';

/** The newest that was tried; another may send or accept other tool calls. */
export const codexVersion = '0.169.0';

/** `codex exec` with its workspace-write sandbox on the same model server, commands and repository. Installed into the cache on first use. */
export async function codexLoop({ scenario }: Commands): Promise<LoopRun> {
  const program = codexProgram();
  // Below /tmp its sandbox would hide its own helper.
  const home = mkdtempSync(join(benchCache(), 'home-'));
  const repository = makeSampleRepository();
  const model = await startScriptedModel(scenario, { port: 0, keepBodies: false });
  const watched = watchRequests();
  try {
    writeFileSync(join(home, 'config.toml'), configuration(model.url));
    const startedMs = performance.now();
    const args = ['exec', '--skip-git-repo-check', '--sandbox', 'workspace-write', '-C', repository];
    const child = spawn(program, [...args, 'Run the commands.'], {
      env: { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home, BENCH_KEY: 'bench' },
      stdio: 'ignore',
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`codex ended with ${code}`);
    const { turnsMs, firstArrivedMs } = watched.stop();
    return { turnsMs, firstRequestMs: firstArrivedMs - startedMs, bytesSent: totalBytes(model), more: {} };
  } finally {
    watched.stop();
    await model.close();
    rmSync(home, { recursive: true, force: true });
    rmSync(repository, { recursive: true, force: true });
  }
}

function configuration(url: string): string {
  return [
    'model = "scripted"',
    'model_provider = "bench"',
    '[model_providers.bench]',
    'name = "bench"',
    `base_url = "${url}"`,
    'wire_api = "responses"',
    'env_key = "BENCH_KEY"',
    '',
  ].join('\n');
}

function benchCache(): string {
  const directory = join(cacheDirectory(process.env), 'bench');
  mkdirSync(directory, { recursive: true });
  return directory;
}

function codexProgram(): string {
  const prefix = join(benchCache(), `codex-${codexVersion}`);
  const program = join(prefix, 'node_modules', '.bin', 'codex');
  if (!existsSync(program)) {
    console.log(`installing @openai/codex ${codexVersion} into ${prefix}`);
    const install = [
      'install',
      '--prefix',
      prefix,
      '--no-audit',
      '--no-fund',
      `@openai/codex@${codexVersion}`,
    ];
    execFileSync('npm', install, { stdio: 'inherit' });
  }
  return program;
}

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { confirm, isCancel } from '@clack/prompts';
import { z } from 'zod';
import type { FollowPlatform } from '../../cli/platform.ts';
import type { TaskClient } from '../../client/task-client.ts';
import { type TaskId, TaskIdSchema } from '../../contracts/ids.ts';
import { loadScenario } from '../../models/scripted/load-scenario.ts';
import { type ScriptedModel, startScriptedModel } from '../../models/scripted/server.ts';
import { openTaskClient } from '../../workers/open-task-client.ts';
import { stateDirectory } from '../../workers/state-dir.ts';
import { answerEverything } from './answer.ts';
import { openDemoCluster } from './cluster.ts';
import { killWorkerInCommand } from './kill-worker.ts';
import { demoOptions, usage } from './options.ts';
import { demoPlatform } from './platform.ts';
import { firstLine, runCommand } from './run-command.ts';
import { makeSampleRepository } from './sample-repository.ts';
import { createWatch, type Watch } from './watch.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const longhaul = join(root, 'bin', 'longhaul');
const instruction = 'Make the invoice exact to the cent, and let CI run on pull requests too.';
const scenarioFile = join(root, 'samples', 'rounding.scenario.yaml');

const options = demoOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else process.exitCode = await demo();

async function demo(): Promise<number> {
  const home = join(stateDirectory(), 'demo');
  const real = await wantsReal();
  const cluster = options.sandbox === 'kubernetes' ? await openDemoCluster(process.env, home, say) : null;
  try {
    return await demoIn(home, real, cluster?.env ?? { LONGHAUL_SANDBOX: 'local' });
  } finally {
    await cluster?.close();
  }
}

async function demoIn(home: string, real: boolean, sandbox: NodeJS.ProcessEnv): Promise<number> {
  const scripted = real ? null : await startScripted();
  const env = { ...environment(home, scripted), ...sandbox };
  const repository = makeSampleRepository();
  say(`the sample repository: ${repository}`);
  try {
    if (options.crash) await runCommand([longhaul, 'up', '--workers', '2'], env);
    const taskId = await startTask(repository, scripted !== null, env);
    const platform = demoPlatform(root, env['LONGHAUL_HOME'] ?? '');
    const code = await watchTask(taskId, env, platform);
    showResult(repository, taskId, code, env);
    const { program } = platform;
    console.log(`\nthe demo stops its server; to look around in its home:\n  ${program} up\n  ${program} ls`);
    return reportProblems(scripted) ? 1 : code;
  } finally {
    await runCommand([longhaul, 'down'], env);
    await scripted?.close();
  }
}

function startScripted(): Promise<ScriptedModel> {
  return startScriptedModel(loadScenario(readFileSync(scenarioFile, 'utf8'), scenarioFile), {
    port: 0,
    keepBodies: false,
  });
}

/** A home of its own: the demo's server and workers, with a model of its own, are not the user's. */
function environment(home: string, scripted: ScriptedModel | null): NodeJS.ProcessEnv {
  const own = { ...process.env, LONGHAUL_HOME: home, LONGHAUL_TASK_QUEUE: '' };
  if (scripted === null) return own;
  return {
    ...own,
    OPENAI_BASE_URL: scripted.url,
    OPENAI_API_KEY: 'demo-key-of-no-worth',
    LONGHAUL_MODELS_FILE: join(root, 'samples', 'models.yaml'),
  };
}

async function wantsReal(): Promise<boolean> {
  if (options.real || !process.env['OPENAI_API_KEY']) return options.real;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    say('OPENAI_API_KEY is set: "npm run demo -- --real" runs with the real model');
    return false;
  }
  const answer = await confirm({
    message: 'OPENAI_API_KEY is set. Use the real model (it costs money)?',
    initialValue: false,
  });
  return !isCancel(answer) && answer;
}

async function startTask(repository: string, scripted: boolean, env: NodeJS.ProcessEnv): Promise<TaskId> {
  const model = scripted ? ['--model', 'scripted'] : [];
  const args = [
    longhaul,
    'run',
    '--detach',
    '--json',
    '--repo',
    repository,
    '--check',
    'npm test',
    ...model,
    instruction,
  ];
  const { line, exit } = await firstLine(args, env);
  if (line === null) throw new Error(`the task did not start (exit code ${await exit})`);
  return z.object({ taskId: TaskIdSchema }).parse(JSON.parse(line)).taskId;
}

async function watchTask(taskId: TaskId, env: NodeJS.ProcessEnv, platform: FollowPlatform): Promise<number> {
  const ended = new AbortController();
  const watch = createWatch(platform);
  const tasks = await openTaskClient(env);
  try {
    const watching = watch.follow(tasks, taskId).finally(() => ended.abort());
    const beside = assist(tasks, taskId, env, ended.signal, watch.say).catch(async (error: unknown) => {
      if (!ended.signal.aborted)
        await watch.say(`what the demo does beside the task went wrong: ${String(error)}`);
    });
    const code = await watching;
    await beside;
    return code;
  } finally {
    await tasks.close();
  }
}

/** What a person would do beside the task: answer where no terminal is, and pull the plug. */
async function assist(
  tasks: TaskClient,
  taskId: TaskId,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  tell: Watch['say'],
): Promise<void> {
  const interactive = process.stdin.isTTY && process.stdout.isTTY;
  await Promise.all([
    interactive ? null : answerEverything(tasks, taskId, tell, signal),
    options.crash
      ? killWorkerInCommand(tasks, taskId, env, signal).then((pid) =>
          tell(`kill -9 ${pid}: that was the worker, in the middle of its command`),
        )
      : null,
  ]);
}

function showResult(repository: string, taskId: TaskId, code: number, env: NodeJS.ProcessEnv): void {
  if (code !== 0) return;
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' });
  const branch = `longhaul/${taskId}`;
  console.log(`\n$ git -C ${repository} log -1 --stat ${branch}\n${git('log', '-1', '--stat', branch)}`);
  if (options.crash) {
    console.log('the command that ran while the worker died counted its samples, six where it ran once:');
    execFileSync(process.execPath, [longhaul, 'logs', taskId, '--action', 'i3.a2'], {
      env,
      stdio: 'inherit',
    });
  }
  console.log(`tree ${git('rev-parse', `${branch}^{tree}`).trim()}: the same with and without --crash`);
}

/** A scenario that did not go as written is a defect, also when the task delivered. */
function reportProblems(scripted: ScriptedModel | null): boolean {
  const problems = scripted?.problems() ?? [];
  for (const problem of problems) console.error(problem);
  return problems.length > 0;
}

function say(line: string): void {
  console.error(`── ${line}`);
}

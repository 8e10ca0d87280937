import type { Command } from 'commander';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import { followTask } from '../follow/follow-task.ts';
import type { ModelFacts, Platform } from '../platform.ts';
import { withProgress } from '../progress.ts';
import { newTaskId } from '../task-id.ts';
import { field, type Line, line, lineAndCommand, lineAt, tone } from '../terminal/line.ts';
import { createScreen } from '../terminal/screen.ts';
import { askedLines } from '../view/asked-lines.ts';
import { ownCommand } from '../view/shell-words.ts';
import { sandboxWords, settingsNote } from '../worker-settings.ts';
import {
  defineVerb,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
  withClient,
} from './define-verb.ts';
import { many } from './leave-option.ts';
import { type RunOptions, RunOptionsSchema, repositoryOf, specOf } from './run-options.ts';
import { sandboxOption } from './sandbox-option.ts';

export function addRunVerb(program: Command, context: VerbContext): void {
  defineVerb(program, {
    usage: 'run [instruction]',
    summary: 'start a task and watch it',
    more: 'The instruction is an argument, or standard input when it is "-" or left out in a pipe. What is missing is started first: the embedded Temporal server and a worker. Ctrl-C leaves the task running and ends with 130.',
    example: [
      'run --check "npm test" "Fix the date bug in src/invoice.ts"',
      'run --repo https://github.com/acme/shop --budget-usd 5 --detach - < task.md',
    ].join('\n'),
    json: 'one event a line, the last one task.finished',
  })
    .option('--repo <path or URL>', 'the repository; by default the one you stand in')
    .option('--ref <ref>', 'the branch, tag or commit to start from; by default what HEAD is')
    .option(
      '--check <command>',
      'a command that judges the work; again for more. What it leaves behind and git does not ignore becomes part of the change',
      many,
    )
    .option('--setup <command>', 'a command that prepares the workspace; again for more', many)
    .option('--constraint <text>', 'what must hold; again for more', many)
    .option('--path <path>', 'what the task is about; again for more', many)
    .option('--budget-usd <amount>', 'the most that the model may cost')
    .option(
      '--max-iterations <n>',
      `the most iterations; by default ${context.platform.defaults.maxIterations}`,
    )
    .option(
      '--answer-within <time>',
      'how long a question waits before silence is a refusal: 12h, 7d, at most 90d; by default 7d',
    )
    .option('--policy <name or file>', `what is allowed; by default "${context.platform.defaults.policy}"`)
    .option('--model <name>', 'the model; by default the configured one')
    .option('--priority <1 to 5>', 'whose turn it is when many tasks wait: 1 is the first, 3 the usual one')
    .option(...sandboxOption)
    .option('--include-changes', 'start from the uncommitted changes too')
    .option('--detach', 'start it and return')
    .option('--live', 'with --json: also what runs right now')
    .action(async (instruction: unknown, raw: unknown) => {
      const options = parseUsage(RunOptionsSchema, raw);
      const given = parseUsage(z.string().optional(), instruction);
      context.setExitCode(await run(context.platform, given, options));
    });
}

async function run(platform: Platform, given: string | undefined, options: RunOptions): Promise<number> {
  const screen = createScreen(platform.terminal);
  const instruction = await instructionOf(platform, given);
  const repository = await repositoryOf(options.repo, platform);
  // A full disk is named before anything meets it: a server on one says only that it does not answer.
  await platform.requireRoom();
  await platform.chooseSandbox(options.sandbox);
  const policy = await platform.loadPolicy(options.policy ?? platform.defaults.policy);
  const model = await platform.model(options.model ?? null);
  const taskId = newTaskId(instruction, platform.randomBytes);
  checkModel(model, options);
  const facts = { taskId, instruction, repository, policy, model: model.model ?? '' };
  const spec = specOf(options, facts, platform);
  // Who watches is told once the repository has been fetched; who goes away is told now.
  const tellsNow = options.detach && !options.includeChanges;
  const [uncommitted, settings] = await Promise.all([
    tellsNow ? platform.uncommitted(repository) : null,
    withProgress(platform, options.json, (progress) => startServer(platform, model, progress), screen),
  ]);
  const asked = [...askedLines(spec), ...settings];
  return withClient(platform, async (client) => {
    await client.start(spec, options.priority === undefined ? {} : { priority: options.priority });
    // The task is safe on the server: its story begins while the worker still starts.
    const workers = startWorker(platform, options.json);
    // Heard below, but maybe not before the first lines are printed: Node ends a process whose rejection nobody hears.
    workers.catch(() => {});
    if (options.detach) {
      await printStarted(platform, spec.taskId, { asked, uncommitted, json: options.json });
      await workers;
      return 0;
    }
    const followed = followTask(platform, client, screen, spec.taskId, {
      json: options.json,
      liveEvents: options.live,
      asked,
    });
    return Promise.race([followed, workers.then(() => followed)]);
  });
}

async function instructionOf(platform: Platform, given: string | undefined): Promise<string> {
  const fromStdin = given === '-' || (given === undefined && !platform.terminal.facts().interactive);
  const text = fromStdin ? await platform.terminal.readStdin() : (given ?? '');
  if (text.trim() !== '') return text.trim();
  throw new LonghaulError(
    'usage.invalid',
    `What is to be done? Give it as one argument: ${platform.program} run "Fix the date bug in src/invoice.ts"`,
  );
}

/** What would stop the task at its first model call is said before it starts. */
function checkModel({ model, priceKnown }: ModelFacts, options: RunOptions): void {
  if (model === null) {
    throw new LonghaulError(
      'model.not_configured',
      'No model is named. Give one with --model, or set LONGHAUL_MODEL.',
    );
  }
  if (options.budgetUsd !== undefined && !priceKnown) {
    throw new LonghaulError(
      'model.unknown_price',
      `A budget in USD needs a price, and none is known for the model ${model}. Set its price, or limit the task with --max-iterations.`,
    );
  }
}

/** The server, and a word on the settings that a task will have where they are the running worker's. */
async function startServer(
  platform: Platform,
  model: ModelFacts,
  progress: (text: string) => void,
): Promise<readonly Line[]> {
  const server = await platform.ensureServer(progress);
  const workers = server.started ? [] : await platform.workers();
  const note = settingsNote(model, workers, server.facts);
  const elsewhere = workers.find(({ sandbox }) => sandbox.backend === 'kubernetes');
  return [
    ...(note === null ? [] : [field(2, 12, 'model at', note)]),
    ...(elsewhere === undefined ? [] : [field(2, 12, 'commands', sandboxWords(elsewhere.sandbox))]),
  ];
}

/** On a terminal the task's own live lines show that nothing runs yet; elsewhere what takes long is said. */
function startWorker(platform: Platform, json: boolean): Promise<unknown> {
  if (!json && platform.terminal.facts().live) return platform.ensureWorkers(1, () => {}, []);
  return withProgress(platform, json, (progress) => platform.ensureWorkers(1, progress, []));
}

async function printStarted(
  platform: Platform,
  taskId: string,
  {
    asked,
    uncommitted,
    json,
  }: { readonly asked: readonly Line[]; readonly uncommitted: string | null; readonly json: boolean },
): Promise<void> {
  if (json) return printJson(platform, { type: 'task.submitted', taskId, uncommitted });
  const watch = ownCommand(platform.program, 'watch', taskId);
  await printLines(platform, [
    line('Started ', tone('strong', taskId)),
    ...asked,
    ...(uncommitted === null ? [] : [lineAt(2, tone('warn', '! '), uncommitted)]),
    ...lineAndCommand('It goes on by itself. Watch it with:', watch),
  ]);
}

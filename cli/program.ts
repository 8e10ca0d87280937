import { Command, CommanderError } from 'commander';
import { LonghaulError } from '../contracts/error.ts';
import type { Platform } from './platform.ts';
import { addApproveVerb } from './verbs/approve.ts';
import { addCancelVerb } from './verbs/cancel.ts';
import { addChangeVerb } from './verbs/change.ts';
import type { VerbContext } from './verbs/define-verb.ts';
import { addDiffVerb } from './verbs/diff.ts';
import { addDoctorVerb } from './verbs/doctor.ts';
import { addDownVerb } from './verbs/down.ts';
import { addDrillVerb } from './verbs/drill.ts';
import { addEditVerb } from './verbs/edit.ts';
import { addLogsVerb } from './verbs/logs.ts';
import { addLsVerb } from './verbs/ls.ts';
import { addPauseVerb } from './verbs/pause.ts';
import { addPolicyVerb } from './verbs/policy.ts';
import { addRejectVerb } from './verbs/reject.ts';
import { addReplayVerb } from './verbs/replay.ts';
import { addResumeVerb } from './verbs/resume.ts';
import { addRollbackVerb } from './verbs/rollback.ts';
import { addRunVerb } from './verbs/run.ts';
import { addShowVerb } from './verbs/show.ts';
import { addSteerVerb } from './verbs/steer.ts';
import { addUpVerb } from './verbs/up.ts';
import { addWatchVerb } from './verbs/watch.ts';
import { addWorkerVerb } from './verbs/worker.ts';

const verbs = [
  addRunVerb,
  addLsVerb,
  addShowVerb,
  addWatchVerb,
  addDiffVerb,
  addLogsVerb,
  addApproveVerb,
  addRejectVerb,
  addEditVerb,
  addSteerVerb,
  addPauseVerb,
  addResumeVerb,
  addCancelVerb,
  addRollbackVerb,
  addDrillVerb,
  addChangeVerb,
  addReplayVerb,
  addPolicyVerb,
  addDoctorVerb,
  addUpVerb,
  addDownVerb,
  addWorkerVerb,
];

const afterHelp = `
A task may be named by any beginning of its id that no other has.

Exit codes: 0 delivered or done, 1 a bug, 2 wrong use, 3 the task did not deliver, 4 something is missing on this
machine, 5 the model, 6 the repository, 7 policy or people, 8 a fault outside, 130 left by Ctrl-C while the task goes on.`;

/**
 * Runs one command line (without the program's own name) and gives its exit code. Throws what went wrong, wrong use as `usage.invalid`.
 */
export async function runCommandLine(platform: Platform, words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  const program = createProgram({ platform, setExitCode });
  try {
    await program.parseAsync(isGroup(program, words) ? [...words, '--help'] : [...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0)
      throw new LonghaulError('usage.invalid', wrongUse(error, [program.name(), ...verbOf(program, words)]));
  }
  return exitCode;
}

function createProgram(context: VerbContext): Command {
  const { version, terminal } = context.platform;
  const { columns } = terminal.facts();
  const helpWidth = Number.isFinite(columns) ? columns : 100;
  const program = new Command(context.platform.program)
    .description('Coding tasks that last hours or weeks.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.write(text),
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => helpWidth,
    })
    .addHelpText('after', afterHelp);
  for (const addVerb of verbs) addVerb(program, context);
  return program;
}

/** Commander's message as one of ours: what was wrong, what it took it for, where to read on. */
function wrongUse(error: CommanderError, called: readonly string[]): string {
  const message = error.message.replace(/^error: /, '');
  return `${message}\nSee: ${called.join(' ')} --help`;
}

/** Whether these words name nothing but a group of verbs, as no words at all do. */
function isGroup(program: Command, [first, ...others]: readonly string[]): boolean {
  if (first === undefined) return program.commands.length > 0;
  const verb = program.commands.find((command) => command.name() === first);
  return verb !== undefined && isGroup(verb, others);
}

function verbOf(program: Command, [first = '', ...others]: readonly string[]): readonly string[] {
  const verb = program.commands.find((command) => command.name() === first);
  return verb === undefined ? [] : [first, ...verbOf(verb, others)];
}

import { LonghaulError } from '../../contracts/error.ts';
import type { StepCommand } from '../protocol.ts';

const environmentName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Quotes one word for a POSIX shell. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The shell script that turns into the step's command: working directory, environment, then `exec`. The directory is checked where the
 * command runs, after every symbolic link, so no trusted process follows a path of the agent. Throws `usage.invalid` for what no
 * POSIX shell can pass on: NUL bytes, and environment names that are no identifiers.
 */
export function stepScript(step: StepCommand, workspace: string): string {
  refuseNul(step);
  const lines = [
    // The kernel takes the step, not the runner, when memory ends.
    '{ echo 800 >/proc/self/oom_score_adj; } 2>/dev/null',
    ...(step.cwd.startsWith('/') ? [outside(step.cwd)] : changeDirectory(step.cwd, workspace)),
    'unset OLDPWD',
    ...Object.entries(step.env).map(([name, value]) => `export ${name}=${quoteWord(value)}`),
    `exec ${step.argv.map(quoteWord).join(' ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function changeDirectory(cwd: string, workspace: string): string[] {
  return [
    `cd -P ${quoteWord(`${workspace}/${cwd}`)} || exit 126`,
    `case $PWD/ in ${workspace}/*) ;; *) ${outside(cwd)} ;; esac`,
  ];
}

function outside(cwd: string): string {
  return `printf 'longhaul: the working directory %s is outside the workspace\\n' ${quoteWord(cwd)}; exit 126`;
}

function refuseNul(step: StepCommand): void {
  const words = [...step.argv, step.cwd, ...Object.values(step.env)];
  if (words.some((word) => word.includes('\0'))) {
    throw new LonghaulError(
      'usage.invalid',
      `Step ${step.stepId} has a NUL byte in its command, directory or environment; no process can be given one. Remove it.`,
    );
  }
  const name = Object.keys(step.env).find((key) => !environmentName.test(key));
  if (name !== undefined) {
    throw new LonghaulError(
      'usage.invalid',
      `Step ${step.stepId} sets the environment variable ${JSON.stringify(name)}; expected letters, digits and underscores.`,
    );
  }
}

import { LonghaulError } from '../../contracts/error.ts';
import type { Confine, ConfinedResult } from './confine.ts';

export interface GitOptions {
  readonly stdin?: string | Buffer;
  /** Added to the fixed environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs git with the keeper's own repository on the workspace. */
export interface Git {
  /** Throws `sandbox.disk_full` for a full disk, `checkpoint.invalid` for any other failure. */
  run(args: readonly string[], options?: GitOptions): Promise<ConfinedResult>;
  /** Like `run`, and gives the exit code instead of throwing for it; a full disk still throws. */
  attempt(args: readonly string[], options?: GitOptions): Promise<ConfinedResult>;
}

/**
 * Git whose configuration comes from the keeper's repository alone: nothing of the user, the system or the workspace is read, so no
 * hook, filter, monitor or external program is ever started.
 */
export function createGit(deps: {
  readonly git: string;
  /** What git sees of the machine. */
  readonly confine: Confine;
  readonly gitDir: string;
  readonly workTree: string;
}): Git {
  const environment = {
    // Git starts its own parts by their full names; a shell is never needed.
    PATH: '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_DIR: deps.gitDir,
    GIT_WORK_TREE: deps.workTree,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_CEILING_DIRECTORIES: '/',
  };
  const attempt = async (args: readonly string[], options: GitOptions = {}): Promise<ConfinedResult> => {
    const { stdin, env } = options;
    const call = { program: deps.git, args, env: { ...environment, ...env } };
    const result = await deps.confine.run(stdin === undefined ? call : { ...call, stdin });
    if (result.exitCode !== 0 && isDiskFull(result.stderr)) throw diskFull(`git ${subcommand(args)}`);
    return result;
  };
  return {
    attempt,
    async run(args, options) {
      const result = await attempt(args, options);
      if (result.exitCode === 0) return result;
      throw new LonghaulError(
        'checkpoint.invalid',
        `git ${subcommand(args)} failed on the workspace with exit code ${result.exitCode}: ${result.stderr.trim().slice(-800)}`,
      );
    },
  };
}

/** `status` of `-c key=value status --porcelain`. */
function subcommand(args: readonly string[]): string {
  return args.find((word, index) => !word.startsWith('-') && args[index - 1] !== '-c') ?? '';
}

/** Git tells of a full disk by the C library's words or its own, and by nothing else. */
export function isDiskFull(text: string): boolean {
  return /No space left on device|Disk quota exceeded|Out of diskspace/.test(text);
}

export function diskFull(what: string): LonghaulError {
  return new LonghaulError(
    'sandbox.disk_full',
    `The disk is full: ${what} could not write. The workspace is as it was; free some space and try again.`,
  );
}

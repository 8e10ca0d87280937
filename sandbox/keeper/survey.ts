import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type PathBytes, splitNul } from './changed-paths.ts';
import type { Confine } from './confine.ts';

const run = promisify(execFile);
const maxBuffer = 64 * 1024 * 1024;

export interface SurveyResult {
  /** FIFOs, sockets and devices: git does not see them. Relative to the work tree. */
  readonly special: readonly PathBytes[];
  /** Directories that their owner cannot list or enter; git takes what is in them for deleted. */
  readonly closed: readonly PathBytes[];
}

/** What git does not tell of a work tree. Enters no `.git`, no other file system, and follows no link. */
export interface WorkTreeSurvey {
  look(): Promise<SurveyResult>;
  /** Gives the owner back what it may do with its files and directories. */
  open(): Promise<void>;
}

export function createSurvey(deps: {
  readonly find: string;
  readonly workTree: string;
  readonly confine: Confine;
}): WorkTreeSurvey {
  const find = async (expression: readonly string[]): Promise<Buffer> => {
    const options = {
      cwd: deps.workTree,
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      encoding: 'buffer',
      maxBuffer,
    } as const;
    const words = ['.', '-xdev', '-name', '.git', '-prune', '-o', ...expression];
    const [program, ...args] = deps.confine(deps.find, words);
    try {
      return (await run(program, args, options)).stdout;
    } catch (error) {
      // It goes on past a directory that it cannot read, and says so by its exit code.
      if (error instanceof Error && 'stdout' in error && Buffer.isBuffer(error.stdout)) return error.stdout;
      throw error;
    }
  };
  const relative = (name: Buffer): Buffer => name.subarray('./'.length);
  return {
    async look() {
      const closed = ['-type', 'd', '!', '-perm', '-500', '-printf', 'c%p\\0', '-prune'];
      const special = ['!', '-type', 'f', '!', '-type', 'd', '!', '-type', 'l', '-printf', 's%p\\0'];
      const records = splitNul(await find([...closed, '-o', ...special]));
      const of = (letter: string): Buffer[] =>
        records
          .filter((record) => record[0] === letter.charCodeAt(0))
          .map((record) => relative(record.subarray(1)));
      return { special: of('s'), closed: of('c') };
    },
    async open() {
      // Directories first and from the top: what is in a closed one is found only once it is open.
      await find(['-type', 'd', '!', '-perm', '-700', '-exec', 'chmod', 'u+rwx', '{}', ';']);
      await find(['-type', 'f', '!', '-perm', '-600', '-exec', 'chmod', 'u+rw', '{}', '+']);
    },
  };
}

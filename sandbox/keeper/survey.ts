import { type PathBytes, splitNul } from './changed-paths.ts';
import type { Confine } from './confine.ts';

export interface SurveyResult {
  /** FIFOs, sockets and devices: git does not see them. Relative to the work tree. */
  readonly special: readonly PathBytes[];
  /** Directories that their owner cannot list or enter; git takes what is in them for deleted. */
  readonly closed: readonly PathBytes[];
  /** What lies at `maxPathBytes` or beyond, named by its topmost part. */
  readonly deep: readonly PathBytes[];
}

/** A path of the machine has at most 4095 bytes, and the work tree's own place stands before these. */
export const maxPathBytes = 3800;
const tooLong = `./${'?'.repeat(maxPathBytes)}*`;

/** What git does not tell of a work tree. Enters no `.git`, no other file system, and follows no link. */
export interface WorkTreeSurvey {
  look(): Promise<SurveyResult>;
  /** Gives the owner back what it may do with its files and directories, and deletes what lies too deep for git to reach. */
  open(): Promise<void>;
}

export function createSurvey(deps: { readonly find: string; readonly confine: Confine }): WorkTreeSurvey {
  const find = async (expression: readonly string[]): Promise<Buffer> => {
    const args = ['.', '-xdev', '-name', '.git', '-prune', '-o', ...expression];
    const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
    // It goes on past a directory that it cannot read, and says so by its exit code.
    const { exitCode, stdout, stderr } = await deps.confine.run({ program: deps.find, args, env });
    if (exitCode === -1) throw new Error(`find did not come to an end: ${stderr}`);
    return stdout;
  };
  const relative = (name: Buffer): Buffer => name.subarray('./'.length);
  return {
    async look() {
      const closed = ['-type', 'd', '!', '-perm', '-500', '-printf', 'c%p\\0', '-prune'];
      const deep = ['-path', tooLong, '-printf', 'd%p\\0', '-prune'];
      const special = ['!', '-type', 'f', '!', '-type', 'd', '!', '-type', 'l', '-printf', 's%p\\0'];
      const records = splitNul(await find([...closed, '-o', ...deep, '-o', ...special]));
      const of = (letter: string): Buffer[] =>
        records
          .filter((record) => record[0] === letter.charCodeAt(0))
          .map((record) => relative(record.subarray(1)));
      return { special: of('s'), closed: of('c'), deep: of('d') };
    },
    async open() {
      // Directories first and from the top: what is in a closed one is found only once it is open.
      await find(['-type', 'd', '!', '-perm', '-700', '-exec', 'chmod', 'u+rwx', '{}', ';']);
      await find(['-type', 'f', '!', '-perm', '-600', '-exec', 'chmod', 'u+rw', '{}', '+']);
      // Paths have at most 4096 bytes, and `git clean` ends at a longer one; find goes from directory to directory.
      await find(['-depth', '-path', tooLong, '-delete']);
    },
  };
}

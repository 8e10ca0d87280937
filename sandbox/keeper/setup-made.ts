import { splitNul } from './changed-paths.ts';
import type { Git } from './git.ts';

/** What setup commands have made, for an archive of it and for checkpoints that are to leave it out. */
export interface Made {
  /** Lines of an exclude file for what git does not ignore. */
  readonly exclude: Buffer;
  /** Paths below the root, each ended by a NUL: what git does not track in the workspace. */
  readonly names: Buffer;
}

/** Looks at the workspace; no command may run. Tracked files are as in the base before. */
export async function listMade(git: Git): Promise<Made> {
  const list = async (args: readonly string[]): Promise<Buffer[]> =>
    splitNul(
      (await git.run(['ls-files', '-z', '-o', '--directory', '--no-empty-directory', ...args])).stdout,
    );
  const made = await list(['--exclude-standard']);
  const ignored = await list(['-i', '--exclude-standard']);
  const names = [...ignored, ...made].map((name) =>
    Buffer.concat([Buffer.from('workspace/'), name, Buffer.from([0])]),
  );
  return {
    exclude: Buffer.concat(made.map(excludeLine)),
    names: Buffer.concat(names),
  };
}

/** A line of an exclude file that means this very path; a name with a newline has no such line and is left to be seen. */
function excludeLine(name: Buffer): Buffer {
  if (name.includes(0x0a)) return Buffer.alloc(0);
  const escaped = name.toString('latin1').replaceAll(/[\\*?[\]! #]/g, '\\$&');
  return Buffer.from(`/${escaped}\n`, 'latin1');
}

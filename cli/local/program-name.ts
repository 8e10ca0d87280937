import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative, sep } from 'node:path';
import { shellWord } from '../../contracts/shell-word.ts';

export interface Caller {
  /** Where this program lies. */
  readonly executable: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/**
 * What a person can type to call this program again, ready for a shell: its name where their PATH finds this very program by it, `npx
 * longhaul` where npm's does, else the path of the executable, from the folder that they are in when it lies below.
 */
export function programName({ executable, env, workingDirectory }: Caller): string {
  const lent = (folder: string) => isNpm(env) && folder.endsWith(join('node_modules', '.bin'));
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const finds = (some: readonly string[]) =>
    some.map((folder) => realPath(join(folder, 'longhaul'))).find((path) => path !== null);
  const own = realPath(executable);
  if (own !== null && finds(folders.filter((folder) => !lent(folder))) === own) return 'longhaul';
  if (own !== null && finds(folders.filter(lent)) === own) return 'npx longhaul';
  const below = relative(workingDirectory, executable);
  return shellWord(below.startsWith('..') || isAbsolute(below) ? executable : `.${sep}${below}`);
}

/** npm, npx and those like them lend folders to the PATH that the person's shell does not have. */
function isNpm(env: Caller['env']): boolean {
  return env['npm_command'] !== undefined || env['npm_config_user_agent'] !== undefined;
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../run-program.ts';

/** The user of sandboxes: Node keeps compiled code by user, and by the path of the file. */
const user = 65_532;
const inImage = '/opt/longhaul';
const load = `import('${inImage}/sandbox/pod/main.ts').catch(() => {})`;

/** Adds the compiled code of the keeper's program to the files of its image, as the last lines of `keeper.Containerfile` do. */
export async function compile(place: string, signal: AbortSignal): Promise<void> {
  const compiled = join(place, 'compiled');
  await mkdir(compiled);
  await chown(compiled, user, user);
  const box = ['--bind', '/', '/', '--tmpfs', '/opt', '--bind', place, inImage, '--chdir', '/'];
  const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  const env = ['env', '-i', `NODE_COMPILE_CACHE=${inImage}/compiled`];
  await runProgram(
    'bwrap',
    [...box, '--proc', '/proc', '--dev', '/dev', ...asUser, ...env, process.execPath, '-e', load],
    { signal },
  );
}

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { runProgram } from '../../tools/cluster/run-program.ts';

const versions = '/usr/lib/postgresql';

export interface Postgresql extends AsyncDisposable {
  readonly port: number;
}

/** The folder of PostgreSQL's programs, from Debian's package, which is installed where it is missing and that is possible; else why it is not. */
export async function postgresqlPrograms(): Promise<
  { readonly programs: string } | { readonly missing: string }
> {
  if (found() === undefined) {
    if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
      return { missing: 'there is no PostgreSQL, and only root on Debian could install it here' };
    }
    const install = ['install', '-y', '-q', '--no-install-recommends', 'postgresql'];
    const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    await runProgram('apt-get', install, options).catch(async () => {
      await runProgram('apt-get', ['update', '-q'], options);
      await runProgram('apt-get', install, options);
    });
  }
  const programs = found();
  return programs === undefined ? { missing: `apt-get put nothing into ${versions}` } : { programs };
}

function found(): string | undefined {
  const names = existsSync(versions) ? readdirSync(versions) : [];
  const newest = names.toSorted((a, b) => Number(a) - Number(b)).at(-1);
  return newest === undefined ? undefined : join(versions, newest, 'bin');
}

/** A server of its own with one user, whose password is asked for, and one database of that name: what the image makes of the same settings. */
export async function startPostgresql(
  programs: string,
  directory: string,
  { user, password, port }: { readonly user: string; readonly password: string; readonly port: number },
): Promise<Postgresql> {
  const data = join(directory, 'data');
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(join(directory, 'password'), password, { mode: 0o644 });
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? accountOf('nobody') : null;
  if (account !== null) chownSync(directory, account.uid, account.gid);
  const log = openSync(join(directory, 'postgresql.log'), 'a');
  const run = (program: string, args: readonly string[]) =>
    spawn(join(programs, program), args, {
      ...(account ?? {}),
      cwd: directory,
      stdio: ['ignore', 'ignore', log],
    });
  const said = () => readFileSync(join(directory, 'postgresql.log'), 'utf8').slice(-2000);
  const ended = async (child: ReturnType<typeof spawn>) => {
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${child.spawnfile} ended with ${code}:\n${said()}`);
  };
  const init = ['--pgdata', data, '--username', user, '--pwfile', join(directory, 'password')];
  await ended(run('initdb', [...init, '--auth', 'scram-sha-256', '--encoding', 'UTF8']));
  const settings = ['-c', `unix_socket_directories=${directory}`, '-c', 'listen_addresses=127.0.0.1'];
  const server = run('postgres', ['-D', data, '-p', String(port), ...settings]);
  const closed = once(server, 'close');
  const stop = async () => {
    // Fast: sessions are cut off, and what was committed is on the disk.
    server.kill('SIGINT');
    await closed;
    closeSync(log);
  };
  try {
    const psql = ['-h', '127.0.0.1', '-p', String(port), '-U', user];
    const env = { ...process.env, PGPASSWORD: password };
    const ready = () => runProgram(join(programs, 'pg_isready'), psql);
    await vi.waitFor(ready, { timeout: 60_000, interval: 100 });
    await runProgram(join(programs, 'createdb'), [...psql, user], { env });
  } catch (error) {
    await stop();
    throw new Error(`PostgreSQL did not come up:\n${said()}`, { cause: error });
  }
  return { port, [Symbol.asyncDispose]: stop };
}

function accountOf(name: string): { readonly uid: number; readonly gid: number } {
  const id = (what: string) => Number(execFileSync('id', [what, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

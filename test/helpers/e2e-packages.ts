import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../workers/state-dir.ts';

/** A package of a public registry, with the tests that it ships. */
export interface PackageSource {
  readonly registry: 'npm' | 'pypi' | 'go';
  readonly name: string;
  readonly version: string;
}

/** Why a registry's packages cannot be had here; undefined when they can. */
export function noToolReason({ registry }: PackageSource): string | undefined {
  const program = { npm: 'npm', pypi: 'python3', go: 'go' }[registry];
  return spawnSync(program, ['--version']).error === undefined ? undefined : `${program} is not here`;
}

/** The files of a package as published, in the user's cache: fetched once, by the registry's ordinary client. Gives their directory. */
export function packageDirectory(source: PackageSource): string {
  const root = join(cacheDirectory(), 'test-packages');
  const name = `${source.registry}-${source.name.replaceAll('/', '-')}-${source.version}`;
  const directory = join(root, name);
  if (existsSync(directory)) return directory;
  mkdirSync(root, { recursive: true });
  const fresh = mkdtempSync(join(root, '.new-'));
  try {
    fetchers[source.registry](source, fresh);
    renameSync(join(fresh, 'package'), directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return directory;
}

const fetchers: Readonly<Record<PackageSource['registry'], (source: PackageSource, into: string) => void>> = {
  npm({ name, version }, into) {
    run(into, 'npm', ['pack', '--silent', `${name}@${version}`]);
    run(into, 'tar', ['xzf', newest(into, '.tgz')]);
  },
  pypi({ name, version }, into) {
    const options = ['--quiet', '--no-deps', '--no-binary', ':all:'];
    run(into, 'python3', ['-m', 'pip', 'download', ...options, `${name}==${version}`]);
    mkdirSync(join(into, 'package'));
    run(into, 'tar', ['xzf', newest(into, '.tar.gz'), '-C', 'package', '--strip-components=1']);
  },
  go({ name, version }, into) {
    const found: { readonly Dir: string; readonly GoMod: string } = JSON.parse(
      run(into, 'go', ['mod', 'download', '-json', `${name}@${version}`]),
    );
    cpSync(found.Dir, join(into, 'package'), { recursive: true });
    // The module cache is read-only, and a module from before modules has its file only there.
    run(into, 'chmod', ['-R', 'u+w', 'package']);
    cpSync(found.GoMod, join(into, 'package', 'go.mod'));
  },
};

function newest(directory: string, end: string): string {
  const found = readdirSync(directory).find((name) => name.endsWith(end));
  if (found === undefined) throw new Error(`no ${end} came into ${directory}`);
  return found;
}

function run(cwd: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  return stdout;
}

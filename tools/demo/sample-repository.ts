import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sample = fileURLToPath(new URL('../../samples/rounding', import.meta.url));

/** The shipped sample as a git repository of its own, in a new directory that stays for a look afterwards. */
export function makeSampleRepository(): string {
  const directory = mkdtempSync(join(tmpdir(), 'longhaul-demo-'));
  cpSync(sample, directory, { recursive: true });
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', directory, ...args], { stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git(
    '-c',
    'user.name=Sample',
    '-c',
    'user.email=sample@localhost',
    'commit',
    '--quiet',
    '--message=Add up invoices',
  );
  return directory;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { directoryDigest } from './directory-digest.ts';
import type { Files } from './e2e-world.ts';
import { git } from './git-fixture.ts';

const samples = fileURLToPath(new URL('../../samples/', import.meta.url));

/** The files of a sample that the product ships. */
export function sampleFiles(name: string): Files {
  const root = join(samples, name);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length + 1), readFileSync(path)];
    }),
  );
}

/** The text of a sample's scenario. */
export function sampleScenario(name: string): string {
  return readFileSync(join(samples, `${name}.scenario.yaml`), 'utf8');
}

/**
 * Everything in a repository that is its person's: work tree, index, config, hooks, HEAD, their branches. A task may add objects and one
 * branch below `longhaul/`, and nothing else.
 */
export function personsPart(repository: string): readonly string[] {
  const ours = /^\.git\/(?:objects|refs\/heads\/longhaul|logs\/refs\/heads\/longhaul)(?:\/|$)/;
  const touched = /^\.git(?:\/refs(?:\/heads)?|\/logs\/refs\/heads)? /;
  const lines = directoryDigest(repository, (name) => ours.test(name));
  // A directory's time of change moves when a branch is added in it.
  return lines.map((line) => (touched.test(line) ? line.replace(/ [0-9.]+$/, '') : line));
}

/** The branch that a task has delivered, with its message and tree. */
export function deliveredBranch(repository: string, branch: string) {
  const show = (format: string) => git(repository, 'log', '-1', `--format=${format}`, branch);
  return {
    commit: show('%H'),
    parents: show('%P').split(' '),
    tree: show('%T'),
    message: show('%B'),
    read: (path: string) => git(repository, 'show', `${branch}:${path}`),
    files: () => git(repository, 'diff', '--name-only', `${branch}^`, branch).split('\n'),
  };
}

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noToolReason, type PackageSource, packageDirectory } from '../helpers/e2e-packages.ts';
import { deliveredBranch, personsPart } from '../helpers/e2e-repositories.ts';
import { conversation } from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { commitAll, git } from '../helpers/git-fixture.ts';
import { expectInvariants } from '../helpers/invariants.ts';

interface Project extends PackageSource {
  readonly language: string;
  readonly check: string;
  readonly file: string;
  /** The line as published and the one that a bug makes of it; null for a line that the bug leaves out. */
  readonly right: string;
  readonly wrong: string | null;
  /** The lines around it. */
  readonly before: string;
  readonly after: string;
  /** What the failing check says. */
  readonly says: string;
}

const projects: readonly Project[] = [
  {
    registry: 'npm',
    name: 'abbrev',
    version: '1.0.4',
    language: 'JavaScript',
    check: 'npm test',
    file: 'lib/abbrev.js',
    right: '    if (current === next) continue',
    wrong: null,
    before: '      , prevMatches = true',
    after: '    for (var j = 0, cl = current.length ; j < cl ; j ++) {',
    says: 'AssertionError',
  },
  {
    registry: 'pypi',
    name: 'jsonpointer',
    version: '2.4',
    language: 'Python',
    check: 'python3 -m unittest tests',
    file: 'jsonpointer.py',
    right: "    return s.replace('~', '~0').replace('/', '~1')",
    // Of another length: Python takes compiled code for current when size and second of change are the same.
    wrong: "    return s.replace('~', '~0')",
    before: 'def escape(s):',
    after: '',
    says: 'FAILED (failures=',
  },
  {
    registry: 'go',
    name: 'github.com/pmezard/go-difflib',
    version: 'v1.0.0',
    language: 'Go',
    // Its examples are named in a way that today's vet refuses.
    check: 'go test -vet=off ./...',
    file: 'difflib/difflib.go',
    right: '\t\treturn 2.0 * float64(matches) / float64(length)',
    wrong: '\t\treturn float64(matches) / float64(length)',
    before: '\tif length > 0 {',
    after: '\t}',
    says: '--- FAIL: TestSequenceMatcherRatio',
  },
];

const mending = ({ file, right, wrong, before, after }: Project) =>
  [
    '*** Begin Patch',
    `*** Update File: ${file}`,
    '@@',
    ` ${before}`,
    ...(wrong === null ? [] : [`-${wrong}`]),
    `+${right}`,
    ` ${after}`,
    '*** End Patch',
  ].join('\n');

const scenario = {
  conversations: projects.map((project) =>
    conversation(project.registry, [
      {
        reply: [
          { message: 'I see what fails.' },
          { exec_command: `${project.check}; cat ${project.file} | head -400` },
        ],
      },
      { expect: { contains: [project.says] }, reply: [{ apply_patch: mending(project) }] },
      { expect: { contains: [`passed: ${project.check}`] }, reply: [{ message: 'The tests pass again.' }] },
    ]),
  ),
};

let world: World;

beforeAll(async () => {
  world = await openWorld({ scenario });
});
afterAll(() => world.close());

/** The package as its maintainers published it, and on top of it a commit with a bug. */
function plant(project: Project): string {
  const repository = world.repository(project.registry, {});
  cpSync(packageDirectory(project), repository, { recursive: true });
  // Packages leave it out, repositories have it.
  writeFileSync(join(repository, '.gitignore'), '__pycache__/\n');
  commitAll(repository, 'as published');
  const path = join(repository, project.file);
  const published = readFileSync(path, 'utf8');
  const { right, wrong } = project;
  expect(published).toContain(`\n${right}\n`);
  writeFileSync(path, published.replace(`\n${right}\n`, wrong === null ? '\n' : `\n${wrong}\n`));
  commitAll(repository, 'a bug');
  return repository;
}

for (const project of projects) {
  const { registry, name, version, language, check } = project;
  const title = `${name} ${version} from ${registry}: its own tests fail, the cause is mended, they pass, and the branch is what was published`;
  test.skipIf(noToolReason(project) !== undefined)(title, async () => {
    const repository = plant(project);
    const before = personsPart(repository);
    const args = ['--repo', repository, '--policy', 'sandboxed', '--check', check];
    const { exitCode, stdout } = await world.cli(['run', '--json', ...args, `Mend it (${registry})`]).ended;
    const end = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(end).toMatchObject({ type: 'task.finished', status: 'delivered', iterations: 3 });
    expect(exitCode).toBe(0);
    const evidence = await expectInvariants(world, end.taskId);
    const perceived = evidence.events.find((event) => event.type === 'context.perceived');
    expect(perceived?.summary.join('\n')).toContain(language);
    expect(perceived?.checks[0]?.baseline.status).toBe('failed');
    expect(deliveredBranch(repository, end.branch).tree).toBe(git(repository, 'rev-parse', 'HEAD~1^{tree}'));
    expect(personsPart(repository)).toEqual(before);
  });
}

/** What builds make again: deleting it loses nothing. */
const remade =
  're:(?:\\./)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*(?:node_modules|dist|build|out|target|coverage|htmlcov|__pycache__|\\.pytest_cache|\\.mypy_cache|\\.ruff_cache|\\.next|\\.turbo|\\.nyc_output|\\.cache|tmp|temp)(?:/[A-Za-z0-9_][A-Za-z0-9_./-]*)?/?';

/** Deletions that may take much with them. */
export const deletions = [
  {
    id: 'recursive-delete',
    shell: ['rm'],
    having: ['-r', '-R', '--recursive'],
    unless: { options: ['-r', '-R', '-f', '-v', '--recursive', '--force'], rest: remade },
    reason: 'It deletes folders with all that is in them.',
    match: ['rm -rf src', 'rm -f -r .', 'rm src -R', 'find . -name x | xargs rm', 'rm -rf build/../src'],
    notMatch: ['rm -f a.txt', 'rm -rf node_modules dist', 'rm -rf packages/core/build'],
  },
  {
    id: 'find-delete',
    shell: ['find'],
    having: ['-delete'],
    reason: 'It deletes every file that it finds.',
    match: ["find . -name '*.ts' -delete"],
    notMatch: ["find . -name '*.test.ts'"],
  },
  {
    id: 'git-discard',
    shell: [
      'git',
      [
        'clean',
        'reset',
        'checkout',
        'restore',
        'stash',
        'filter-branch',
        'filter-repo',
        'gc',
        'prune',
        'update-ref',
        'reflog',
      ],
    ],
    having: [
      '--hard',
      '-f',
      '-d',
      '-D',
      '-x',
      '--force',
      '.',
      '--',
      'drop',
      'clear',
      'expire',
      '--all',
      '--prune',
    ],
    reason: 'It throws work away, or its history.',
    match: ['git reset --hard', 'git clean -fdx', 'git checkout -- .', 'git checkout .'],
    notMatch: ['git checkout -b topic', 'git stash list'],
  },
  {
    id: 'git-branch-delete',
    shell: ['git', ['branch', 'tag', 'worktree']],
    having: ['-D', '-d', '--delete', '--force', '-f', 'remove', 'prune'],
    reason: 'It deletes a branch, a tag or a work tree.',
    match: ['git branch -v -D topic'],
    notMatch: ['git branch --show-current'],
  },
  {
    id: 'overwrite',
    shell: [['shred', 'mkfs', 'wipefs', 'fdisk', 'parted', 'truncate']],
    reason: 'What it overwrites is gone.',
    match: ['shred -u notes.txt'],
    notMatch: ['cat truncate.md'],
  },
];

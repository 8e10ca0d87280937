const reason = 'It changes only files that it names, inside the workspace.';
const written = { rest: 'write' };

/** Commands that make, copy and move files of the workspace; hidden files are left out, since tools obey many of them. */
export const carefulFileCommands = [
  {
    id: 'change-folder',
    shell: ['cd'],
    only: {
      atLeast: 1,
      operands: ['re:(?:\\./)?[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*/?'],
    },
    reason: 'It stays below the folder it is in.',
    match: ['cd packages/core'],
    notMatch: ['cd ..', 'cd /', 'cd', 'cd a/../..', 'cd .git'],
  },
  {
    id: 'set-variable',
    shell: ['export'],
    only: { rest: 're:[A-Z][A-Z0-9_]*(?:=[A-Za-z0-9][A-Za-z0-9_.-]*)?' },
    reason: 'It sets a plain variable.',
    match: ['export FOO=bar'],
    notMatch: ['export -f x', 'export FOO=./x'],
  },
  {
    id: 'make-folder',
    shell: ['mkdir'],
    only: { options: ['-p', '-v'], ...written },
    reason,
    match: ['mkdir -p src/new'],
    notMatch: ['mkdir .vscode', 'mkdir /tmp/x', 'mkdir -m 777 x'],
  },
  {
    id: 'touch',
    shell: ['touch'],
    only: written,
    reason,
    match: ['touch src/new/a.ts'],
    notMatch: ['touch ../x', 'touch /tmp/x', 'touch .npmrc'],
  },
  {
    id: 'copy',
    shell: ['cp'],
    only: { options: ['-p', '-v', '-n', '-f'], ...written },
    reason,
    match: ['cp a.ts b.ts'],
    notMatch: ['cp /etc/hostname h', 'cp -r a b', 'cp a .env', 'cp -t /tmp a'],
  },
  {
    id: 'move',
    shell: ['mv'],
    only: { options: ['-v', '-n', '-f'], ...written },
    reason,
    match: ['mv a.ts b.ts'],
    notMatch: ['mv a .git/hooks/x', 'mv a ..'],
  },
  {
    id: 'remove-empty-folder',
    shell: ['rmdir'],
    only: { options: ['-p'], ...written },
    reason,
    match: ['rmdir src/old'],
  },
  {
    id: 'sed-in-place',
    shell: ['sed', '-i'],
    only: {
      options: ['-E', '-r'],
      operands: ['re:s([/|,#])[^\\\\\\n/|,#\\[]*\\1[^\\\\\\n/|,#]*\\1[gI0-9]*|[0-9]+(?:,[0-9]+)?d'],
      ...written,
    },
    reason,
    match: ["sed -i 's/a/b/g' src/a.ts"],
    notMatch: ["sed -i 's/a/b/e' x", "sed -i '1e x' a", 'sed -i s/a/b/ .npmrc', 'sed -i.bak s/a/b/ a'],
  },
];

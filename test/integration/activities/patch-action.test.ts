import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createExecute } from '../../../activities/execute.ts';
import type { ActionBody } from '../../../contracts/action.ts';
import type { WorkspaceRef } from '../../../contracts/activities.ts';
import {
  artifactText,
  executeInput,
  inActivity,
  makeTaskFixture,
  shellBody,
  storedAction,
  type TaskFixture,
} from '../../helpers/task-fixture.ts';

const files = {
  'src/a.txt': '1\n2\n3\n',
  'crlf.txt': 'one\r\ntwo\r\n',
  'no-end.txt': 'one\ntwo',
  'old.txt': 'old\n',
  'it\'s "odd" $name.txt': 'odd\n',
  '-dash': 'dash\n',
  'binary.bin': Buffer.from([0, 1, 2, 255]),
  'two\nlines': 'kept\n',
};

let task: TaskFixture;
let iteration = 0;
let workspace: WorkspaceRef;

beforeEach(async () => {
  task = await makeTaskFixture({ files });
  iteration = 0;
  workspace = task.base;
});

/** Runs actions as one iteration and gives what they said. */
async function act(...bodies: readonly ActionBody[]) {
  iteration += 1;
  const actions = await Promise.all(
    bodies.map((body, index) => storedAction(task.ports, `i${iteration}.a${index + 1}`, body)),
  );
  const input = executeInput(task, actions, { iteration, workspace });
  const done = await inActivity(createExecute(task.ports), input);
  const changed = await task.ports.repositories.changes(
    task.spec.taskId,
    workspace.commit,
    done.workspace.commit,
  );
  ({ workspace } = done);
  const said = await Promise.all(
    done.observations.map(async ({ status, outputDigest }) => ({
      status,
      text: await artifactText(task.ports, outputDigest),
    })),
  );
  return { said, changes: changed.map(({ path, status, fromPath }) => [status, path, fromPath]) };
}

const patch = (...lines: readonly string[]): ActionBody => ({
  kind: 'apply_patch',
  patch: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n'),
});

async function contents(...paths: readonly string[]): Promise<Record<string, string>> {
  const found = await task.ports.repositories.read(task.spec.taskId, workspace.commit, paths, 1_000_000);
  return Object.fromEntries([...found].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
}

describe('a patch in the sandbox', () => {
  test('adds, updates, deletes and moves, in new folders too, and leaves nothing else', async () => {
    const { said, changes } = await act(
      patch(
        '*** Add File: new/deep/er/file.txt',
        '+new',
        '*** Update File: src/a.txt',
        '@@',
        ' 1',
        '-2',
        '+zwei',
        '*** Delete File: -dash',
        '*** Update File: old.txt',
        '*** Move to: moved/new.txt',
        '@@',
        '-old',
        '+moved',
      ),
    );
    expect(said).toEqual([
      {
        status: 'ok',
        text: 'Success. Updated the following files:\nA new/deep/er/file.txt\nM src/a.txt\nD -dash\nM moved/new.txt',
      },
    ]);
    expect(changes.toSorted()).toEqual([
      ['added', 'moved/new.txt', null],
      ['added', 'new/deep/er/file.txt', null],
      ['deleted', '-dash', null],
      ['deleted', 'old.txt', null],
      ['modified', 'src/a.txt', null],
    ]);
    expect(await contents('src/a.txt', 'moved/new.txt', 'new/deep/er/file.txt')).toEqual({
      'src/a.txt': '1\nzwei\n3\n',
      'moved/new.txt': 'moved\n',
      'new/deep/er/file.txt': 'new\n',
    });
  });

  test('keeps the mode of a file, also where it moves', async () => {
    const { said } = await act(
      shellBody('printf "a\\n" > tool; printf "b\\n" > other; chmod +x tool other'),
      patch(
        '*** Update File: tool',
        '@@',
        '-a',
        '+A',
        '*** Update File: other',
        '*** Move to: bin/other',
        '@@',
        '-b',
        '+B',
      ),
      shellBody('stat -c "%A %n" tool bin/other src/a.txt'),
    );
    expect(said[2]?.text).toBe('-rwxr-xr-x tool\n-rwxr-xr-x bin/other\n-rw-r--r-- src/a.txt\n');
  });

  test('keeps line ends and the end of a file', async () => {
    await act(
      patch(
        '*** Update File: crlf.txt',
        '@@',
        ' one',
        '-two',
        '+zwei',
        '*** Update File: no-end.txt',
        '@@',
        '-one',
        '+eins',
      ),
    );
    const after = await contents('crlf.txt', 'no-end.txt');
    expect(after['crlf.txt']).toBe('one\r\nzwei\r\n');
    expect(after['no-end.txt']).toBe('eins\ntwo');
  });

  test('takes names with spaces, quotes, dollars and a leading dash, and leaves one with a newline alone', async () => {
    const odd = 'it\'s "odd" $name.txt';
    const { said, changes } = await act(
      patch(
        `*** Update File: ${odd}`,
        '@@',
        '-odd',
        '+even',
        '*** Update File: -dash',
        '@@',
        '-dash',
        '+dot',
        '*** Add File: -rf/$(touch x)/`y`;z',
        '+new',
      ),
    );
    expect(said).toMatchObject([{ status: 'ok' }]);
    expect(changes.map(([status, path]) => [status, path]).toSorted()).toEqual([
      ['added', '-rf/$(touch x)/`y`;z'],
      ['modified', '-dash'],
      ['modified', odd],
    ]);
    expect(await contents('two\nlines', odd, '-dash')).toEqual({
      'two\nlines': 'kept\n',
      [odd]: 'even\n',
      '-dash': 'dot\n',
    });
  });

  test('lets a folder come where a file goes', async () => {
    const { said } = await act(
      patch('*** Delete File: old.txt', '*** Add File: old.txt/inside', '+x', '*** Add File: empty'),
    );
    expect(said).toMatchObject([{ status: 'ok' }]);
    expect(await contents('old.txt/inside', 'empty')).toEqual({ 'old.txt/inside': 'x\n', empty: '' });
  });

  test('may follow another in the same iteration and sees what it did', async () => {
    const { said } = await act(
      patch('*** Update File: old.txt', '@@', '-old', '+second'),
      patch('*** Update File: old.txt', '@@', '-second', '+third'),
      shellBody('cat old.txt; ls -A'),
    );
    expect(said.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(said[2]?.text).toMatch(/^third\n/);
    expect(said[2]?.text).not.toContain('.longhaul');
  });

  test('of a thousand files is a few steps', async () => {
    const names = Array.from({ length: 1000 }, (_, n) => `many/${n % 10}/file-${n}.txt`);
    const added = names.flatMap((name, n) => [`*** Add File: ${name}`, `+line ${n}`, '+é']);
    const { said, changes } = await act(patch(...added));
    expect(said).toMatchObject([{ status: 'ok' }]);
    expect(changes).toHaveLength(1000);
    expect(await contents('many/9/file-999.txt')).toEqual({ 'many/9/file-999.txt': 'line 999\né\n' });
  });
});

describe('a patch that does not fit', () => {
  const good = ['*** Add File: new.txt', '+new', '*** Update File: old.txt', '@@', '-old', '+new'];

  test('changes nothing and says why, whatever is wrong with it', async () => {
    const wrong: readonly (readonly [why: RegExp, ...lines: readonly string[]])[] = [
      [/src\/a\.txt[\s\S]*five/, '*** Update File: src/a.txt', '@@', ' 1', '-five', '+5'],
      [/none: no such file/, '*** Update File: none', '@@', '-x', '+y'],
      [/binary\.bin/, '*** Update File: binary.bin', '@@', '-x', '+y'],
      [/src is a directory|src is no regular file/, '*** Add File: src', '+x'],
      [/-dash/, '*** Add File: -dash/x', '+x'],
      [/leads out of the workspace/, '*** Add File: ../x', '+x'],
      [/git directory/, '*** Add File: .git/hooks/post-commit', '+x'],
    ];
    for (const [why, ...lines] of wrong) {
      const { said, changes } = await act(patch(...good, ...lines), shellBody('ls -A'));
      expect(said[0]?.status).toBe('failed');
      expect(said[0]?.text).toMatch(why);
      expect(changes).toEqual([]);
      expect(said[1]?.text).not.toContain('.longhaul');
    }
  });

  test('may be no patch at all', async () => {
    const { said } = await act({ kind: 'apply_patch', patch: 'hello' });
    expect(said).toMatchObject([{ status: 'failed', text: expect.stringContaining('*** Begin Patch') }]);
  });

  test('because a file cannot be read says so', async () => {
    const { said } = await act(
      shellBody('mkfifo pipe; ln -s nowhere dangling'),
      patch('*** Update File: pipe', '@@', '-x', '+y'),
      patch('*** Update File: dangling', '@@', '-x', '+y'),
    );
    expect(said.slice(1)).toMatchObject([
      { status: 'failed', text: 'pipe is no regular file that can be read' },
      { status: 'failed', text: 'dangling is no regular file that can be read' },
    ]);
  });
});

describe('a link that the commands of the agent made', () => {
  test('leads no patch out of the sandbox, nor into the git directory', async () => {
    const outside = join(task.directory, 'outside');
    mkdirSync(outside);
    const { said } = await act(
      shellBody(`ln -s ${outside} out; ln -s .git/hooks hooks; ln -s /etc etc`),
      patch('*** Add File: out/planted', '+x'),
      patch('*** Add File: hooks/post-commit', '+x'),
      patch('*** Add File: etc/planted', '+x'),
      shellBody('ls -A .git/hooks; ls -A'),
    );
    expect(said.slice(1, 4).map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
    expect(said[4]?.text).not.toMatch(/post-commit|longhaul/);
    expect(readdirSync(outside)).toEqual([]);
  });

  test('to a file in the workspace is read through, and becomes a file of its own', async () => {
    const { said } = await act(
      shellBody('ln -s old.txt link'),
      patch('*** Update File: link', '@@', '-old', '+new'),
      shellBody('cat old.txt link'),
    );
    expect(said[2]?.text).toBe('old\nnew\n');
  });
});

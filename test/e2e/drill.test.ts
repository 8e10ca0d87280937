import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrillCertificate, DrillEvent } from '../../contracts/drill.ts';
import { directoryDigest } from '../helpers/directory-digest.ts';
import { brokenSum, conversation, mendAndDone, mendSum, sumCheck } from '../helpers/e2e-scenario.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { git } from '../helpers/git-fixture.ts';

const scenario = {
  conversations: [
    conversation('drilled', [
      { reply: [{ exec_command: 'echo ran >> runs.log; sleep 0.3; echo on' }] },
      { reply: [{ ask_human: 'Shall it add?' }, { exec_command: 'cat sum.js' }] },
      ...mendAndDone,
    ]),
    conversation('peopled', [
      { reply: [{ exec_command: 'echo one > a.txt' }] },
      { reply: [{ exec_command: 'echo two > b.txt' }] },
      { expect: { contains: ['not in this directory', 'Keep it small'] }, reply: [{ exec_command: 'ls' }] },
      { reply: [{ exec_command: 'echo four > d.txt' }, { exec_command: 'echo five > e.txt' }] },
      { expect: { contains: ['rolled the workspace back'] }, reply: [{ apply_patch: mendSum }] },
      { reply: [{ message: 'It adds now.' }] },
    ]),
    conversation('waits', [{ reply: [{ ask_human: 'Shall it add?' }] }, ...mendAndDone]),
  ],
};

let world: World;
let repository: string;
/** Where the drills make their copies. */
let copies: string;
let done: Story;

beforeAll(async () => {
  world = await openWorld({ scenario });
  copies = join(world.directory, 'copies');
  mkdirSync(copies);
  repository = world.repository('repository', brokenSum);
  done = await start('drilled');
  const question = await done.until('approval.opened', ({ approval }) => approval.subject === 'question');
  await done.answer(question.approval, { reason: 'It shall add' });
  const delivery = await done.until('approval.opened', ({ approval }) => approval.subject === 'delivery');
  await done.answer(delivery.approval);
  expect(await done.end()).toMatchObject({ status: 'delivered' });
});
afterAll(() => world.close());

const start = (name: string, policy = 'default') =>
  world.start({
    instruction: `Mend the sum (${name}).`,
    repository,
    checks: [sumCheck],
    policy: { name: policy, digest: null },
  });

/** A task in which a person edits, rejects, says something and rolls back. */
async function peopled(): Promise<Story> {
  const { client } = world;
  const story = await start('peopled', 'strict');
  const asked = async (id: string) =>
    (await story.until('approval.opened', ({ approval }) => approval.approvalId === id)).approval;
  const editedDigest = await client.putAction({
    kind: 'shell',
    argv: ['bash', '-c', 'echo uno > a.txt'],
    line: 'echo uno > a.txt',
    cwd: '.',
    timeoutMs: null,
    justification: null,
  });
  await story.answer(await asked('i1.a1'), { outcome: 'edited', editedDigest });
  const second = await asked('i2.a1');
  await client.steer(story.taskId, 'Keep it small', 'ada');
  await story.answer(second, { outcome: 'rejected', reason: 'not in this directory' });
  await story.answer(await asked('i3.a1'));
  await story.answer(await asked('i4.a1'));
  await asked('i4.a2');
  await client.rollback(story.taskId, 1, 'ada');
  await story.answer(await asked('i5.a1'));
  await story.answer(await asked('i6.deliver'));
  expect(await story.end()).toMatchObject({ status: 'delivered' });
  return story;
}

const drill = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  world.cli(['drill', ...args], { env: { ...world.env, TMPDIR: copies, ...more } });

type Line = DrillEvent | ({ readonly type: 'drill.certificate' } & DrillCertificate);

function certificateIn(stdout: string): DrillCertificate {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const last = lines.at(-1);
  if (last?.type !== 'drill.certificate') throw new Error(`no certificate in:\n${stdout.slice(-4000)}`);
  return last;
}

/** Directories of copies, and processes that were started in one: their environment or arguments say so. */
function leftOfCopies(): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  const alive = pids.filter((pid) =>
    ['cmdline', 'environ', 'mountinfo'].some((file) =>
      textOf(`/proc/${pid}/${file}`).includes(`${copies}/longhaul-drill-`),
    ),
  );
  return [
    ...readdirSync(copies).filter((name) => !name.endsWith('.lock')),
    ...alive.map((pid) => `process ${pid}`),
  ];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** What the person has: everything in the home that a drill could change, and the refs of the repository. */
const belongings = () => [
  ...['artifacts', 'tasks', 'mirrors'].flatMap((name) => directoryDigest(join(world.home, name))),
  ...directoryDigest(repository),
];

test('a task that is drilled holds under faults of every kind, and nothing of the person is touched', async () => {
  const before = belongings();
  const { exitCode, stdout } = await drill([done.taskId, '--json', '--faults', '6', '--seed', '7']).ended;
  const certificate = certificateIn(stdout);
  expect(certificate.problems).toEqual([]);
  expect(certificate).toMatchObject({
    held: true,
    seed: 7,
    trees: 'same',
    sameAsOriginal: true,
    kept: null,
    totals: { faults: 6, commandsTwice: 0, approvalsLost: 0, left: 0 },
  });
  expect(certificate.runs.flatMap(({ faults }) => faults.map(({ kind }) => kind)).sort()).toEqual([
    'keeper_killed',
    'server_killed',
    'server_stopped',
    'stream_dropped',
    'worker_frozen',
    'worker_killed',
  ]);
  for (const run of [...certificate.calm, ...certificate.runs])
    expect(run).toMatchObject({ status: 'delivered', commands: 3, approvals: 2 });
  expect(exitCode).toBe(0);
  expect(leftOfCopies()).toEqual([]);
  expect(belongings()).toEqual(before);
  expect(git(repository, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
    `refs/heads/longhaul/${done.taskId}`,
    'refs/heads/main',
  ]);
});

test('a sandbox that begins a command twice behind the back of the records is found out', async () => {
  const lent = join(world.directory, 'lent');
  mkdirSync(join(lent, 'bin'), { recursive: true });
  const twice = '[ "$LONGHAUL_STEP_ID" = i1.a1 ] && /usr/bin/setsid "$@"';
  writeFileSync(join(lent, 'bin', 'setsid'), `#!/bin/sh\n${twice}\nexec /usr/bin/setsid "$@"\n`);
  chmodSync(join(lent, 'bin', 'setsid'), 0o755);
  const { exitCode, stdout } = await drill([done.taskId, '--json', '--faults', '1', '--seed', '3'], {
    LONGHAUL_SANDBOX_READ_ONLY_PATHS: lent,
  }).ended;
  const certificate = certificateIn(stdout);
  expect(certificate.held).toBe(false);
  expect(certificate.totals.commandsTwice).toBeGreaterThan(0);
  expect(certificate.problems).toContain('calm run: i1.a1 began more than once');
  expect(certificate.sameAsOriginal).toBe(false);
  expect(exitCode).toBe(1);
  expect(leftOfCopies()).toEqual([]);
});

test('what people did is done again: an edited action, a rejection, a word in between, a rollback', async () => {
  const story = await peopled();
  const { exitCode, stdout } = await drill([story.taskId, '--json', '--faults', '3', '--seed', '5']).ended;
  const certificate = certificateIn(stdout);
  expect(certificate.problems).toEqual([]);
  expect(certificate).toMatchObject({ held: true, trees: 'same', sameAsOriginal: true });
  for (const run of [...certificate.calm, ...certificate.runs])
    expect(run).toMatchObject({
      iterations: 6,
      commands: certificate.calm[0]?.commands,
      approvals: 7,
      approvalsLost: [],
    });
  expect(exitCode).toBe(0);
});

test('Ctrl-C in the middle ends everything that the drill has started', async () => {
  const running = drill([done.taskId, '--json', '--faults', '1']);
  await running.until('an iteration', (line) => JSON.stringify(line).includes('iteration 2'));
  running.signal('SIGINT');
  expect((await running.ended).exitCode).toBe(130);
  expect(leftOfCopies()).toEqual([]);
});

test('what a drill leaves that was itself killed, the next one clears away; --keep leaves files and no process', async () => {
  const killed = drill([done.taskId, '--json', '--faults', '1']);
  await killed.until('an iteration', (line) => JSON.stringify(line).includes('iteration 1'));
  killed.signal('SIGKILL');
  await killed.ended;
  expect(leftOfCopies()).not.toEqual([]);
  const { exitCode, stdout } = await drill([done.taskId, '--json', '--faults', '1', '--keep']).ended;
  expect(exitCode).toBe(0);
  const { kept } = certificateIn(stdout);
  expect(leftOfCopies()).toEqual([basename(kept ?? '')]);
  const branch = `refs/heads/longhaul/${done.taskId}`;
  expect(git(join(kept ?? '', 'run-1', 'repository.git'), 'rev-parse', `${branch}^{tree}`)).toBe(
    git(repository, 'rev-parse', `${branch}^{tree}`),
  );
  rmSync(kept ?? '', { recursive: true });
});

test('a task that has not ended, and one of which something is gone, are refused before anything is started', async () => {
  const waiting = await start('waits');
  await waiting.until('approval.opened');
  const refused = await drill([waiting.taskId]).ended;
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toContain('has not ended yet');
  await world.client.cancel(waiting.taskId, 'tester');
  await waiting.until('task.finished');
  const cancelled = await drill([waiting.taskId]).ended;
  expect(cancelled.exitCode).toBe(3);
  expect(cancelled.stderr).toContain('it ended as cancelled');

  const planned = await done.until('iteration.planned');
  const [, hex = ''] = planned.plan.responseDigest.split(':');
  const [artifact = ''] = readdirSync(join(world.home, 'artifacts'), {
    recursive: true,
    encoding: 'utf8',
  }).filter((name) => name.replaceAll('/', '').endsWith(hex));
  const file = join(world.home, 'artifacts', artifact);
  renameSync(file, `${file}.away`);
  const without = await drill([done.taskId]).ended;
  renameSync(`${file}.away`, file);
  expect(without.exitCode).toBe(3);
  expect(without.stderr).toContain("the model's response of iteration 1 is gone");
  expect(leftOfCopies()).toEqual([]);
});

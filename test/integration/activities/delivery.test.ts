import { describe, expect, test } from 'vitest';
import { createDeliver } from '../../../activities/deliver.ts';
import { createEvaluate } from '../../../activities/evaluate/evaluate.ts';
import { createExecute } from '../../../activities/execute.ts';
import { createProposeDelivery } from '../../../activities/propose-delivery.ts';
import { createVerifyDelivery } from '../../../activities/verify-delivery.ts';
import type { DeliverInput, VerifyInput, WorkspaceRef } from '../../../contracts/activities.ts';
import type { LeaseId, StepId } from '../../../contracts/ids.ts';
import { required } from '../../helpers/check-results.ts';
import { directoryDigest } from '../../helpers/directory-digest.ts';
import { git } from '../../helpers/git-fixture.ts';
import { evaluationOf } from '../../helpers/iteration-record.ts';
import { mortal, WorkerDied } from '../../helpers/mortal-ports.ts';
import {
  artifactText,
  executeInput,
  inActivity,
  makeTaskFixture,
  shellBody,
  storedAction,
  type TaskFixture,
} from '../../helpers/task-fixture.ts';

async function changed(task: TaskFixture, line: string): Promise<WorkspaceRef> {
  const input = executeInput(task, [await storedAction(task.ports, 'i1.a1', shellBody(line))]);
  return (await inActivity(createExecute(task.ports), input)).workspace;
}

function verifyInput(task: TaskFixture, workspace: WorkspaceRef, commands: readonly string[]): VerifyInput {
  const { specDigest, contextDigest } = task;
  const checks = commands.map((command) => required(command));
  return { taskId: task.spec.taskId, iteration: 1, specDigest, contextDigest, workspace, checks };
}

describe('the checks before a delivery', () => {
  test('see only what is delivered: nothing ignored, left running or from an earlier try', async () => {
    const task = await makeTaskFixture({ files: { '.gitignore': 'ignored\n', a: 'a\n' } });
    const workspace = await changed(task, 'echo x > ignored; echo b > b');
    const checks = ['cat a b', 'test ! -e ignored', 'test ! -e tried && touch tried'];
    const input = verifyInput(task, workspace, checks);
    const first = await inActivity(createVerifyDelivery(task.ports), input);
    expect(first).toMatchObject({
      passed: true,
      checks: [{ status: 'passed' }, { status: 'passed' }, { status: 'passed' }],
    });
    expect(await inActivity(createVerifyDelivery(task.ports), input)).toMatchObject({ passed: true });
    // The task's own sandbox goes on, the fresh one is gone.
    expect(await task.ports.sandbox.leases()).toMatchObject([{ leaseId: task.leaseId(1), alive: true }]);
  });

  test('never run in what an earlier try has left', async () => {
    const task = await makeTaskFixture();
    const { sandbox, repositories, limits } = task.ports;
    const { taskId } = task.spec;
    const leaseId = `${taskId}.verify-1` as LeaseId;
    const { signal } = new AbortController();
    const source = { gitDir: repositories.gitDir(taskId), commit: task.base.commit };
    const spec = { leaseId, taskId, source, setup: null, limits: limits.sandbox };
    await sandbox.acquire(spec, { signal, onProgress: () => undefined });
    const stepId = 'plant' as StepId;
    const rest = { cwd: '.', env: {}, stdin: null, timeoutMs: 10_000, maxOutputBytes: 1000 };
    const planted = await sandbox.exec(
      leaseId,
      { stepId, argv: ['touch', 'planted'], ...rest },
      { signal, onOutput: () => undefined },
    );
    expect(planted.status).toBe('ok');
    const input = verifyInput(task, task.base, ['test ! -e planted']);
    expect(await inActivity(createVerifyDelivery(task.ports), input)).toMatchObject({ passed: true });
  });

  test('after a death at any call judge the same, in a sandbox that is fresh again', async () => {
    const task = await makeTaskFixture();
    const input = verifyInput(task, task.base, ['test ! -e tried && touch tried', 'exit 1']);
    let deaths = 0;
    for (let dieAfter = 1; ; dieAfter++) {
      const { ports } = mortal(task.ports, dieAfter);
      const first = await inActivity(createVerifyDelivery(ports), input).catch((error: unknown) => error);
      const second = await inActivity(createVerifyDelivery(task.ports), input);
      expect(second).toMatchObject({ passed: false, checks: [{ status: 'passed' }, { status: 'failed' }] });
      expect(await task.ports.sandbox.leases()).toEqual([]);
      if (!(first instanceof WorkerDied)) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(5);
  });

  test('do not count as passed when their sandbox is lost again and again', async () => {
    const task = await makeTaskFixture();
    const { sandbox } = task.ports;
    let execs = 0;
    const fragile: typeof sandbox = {
      ...sandbox,
      async exec(leaseId, step, watch) {
        execs += 1;
        await task.local.killKeeper(leaseId);
        return sandbox.exec(leaseId, step, watch);
      },
    };
    const input = verifyInput(task, task.base, ['true']);
    const judged = await inActivity(createVerifyDelivery({ ...task.ports, sandbox: fragile }), input);
    expect(judged).toMatchObject({ passed: false, checks: [{ status: 'lost' }] });
    expect(execs).toBe(3);
    expect(await task.ports.sandbox.leases()).toEqual([]);
  });

  test('are passed where there is none, without a sandbox', async () => {
    const task = await makeTaskFixture();
    const { ports, calls } = mortal(task.ports, -1);
    const judged = await inActivity(createVerifyDelivery(ports), verifyInput(task, task.base, []));
    expect(judged).toEqual({ checks: [], passed: true });
    expect(calls).toEqual([]);
  });
});

describe('the proposal of a delivery', () => {
  test('is bound to the tree, and twice is the same', async () => {
    const task = await makeTaskFixture();
    const concern = {
      kind: 'protected_path',
      path: 'Makefile',
      detail: 'A protected file was modified.',
    } as const;
    const { taskId } = task.spec;
    const input = {
      taskId,
      iteration: 3,
      workspace: task.base,
      evaluation: evaluationOf({ concerns: [concern] }),
    };
    const propose = createProposeDelivery(task.ports);
    const { action } = await propose(input);
    expect(action).toMatchObject({ id: 'i3.deliver', kind: 'deliver' });
    expect(await propose(input)).toEqual({ action });
    expect(JSON.parse(await artifactText(task.ports, action.digest))).toEqual({
      kind: 'deliver',
      tree: task.base.tree,
      commit: task.base.commit,
      branch: `longhaul/${taskId}`,
      concerns: ['Makefile: A protected file was modified.'],
    });
    const other = { ...task.base, tree: 'f'.repeat(40) as typeof task.base.tree };
    expect((await propose({ ...input, workspace: other })).action.digest).not.toBe(action.digest);
  });
});

describe('deliver', () => {
  const inputOf = (task: TaskFixture, workspace: WorkspaceRef): DeliverInput => ({
    taskId: task.spec.taskId,
    specDigest: task.specDigest,
    iteration: 1,
    workspace,
    baseBranch: 'main',
    checks: [],
    approval: null,
    model: 'gpt-5.5',
    timestampMs: 1_700_000_000_000,
  });

  test('after a death at any call makes one branch with one commit, and touches nothing else of the person', async () => {
    for (let dieAfter = 1; ; dieAfter++) {
      const task = await makeTaskFixture();
      const workspace = await changed(task, 'echo new > new');
      const tree = git(task.repository, 'rev-parse', 'HEAD^{tree}');
      const outside = (name: string) => name === '.git' || name.startsWith('.git/');
      const before = directoryDigest(task.repository, outside);
      const input = inputOf(task, workspace);
      const { ports } = mortal(task.ports, dieAfter);
      const first = await inActivity(createDeliver(ports), input).catch((error: unknown) => error);
      const second = await inActivity(createDeliver(task.ports), input, { attempt: 2 });

      const branch = `longhaul/${task.spec.taskId}`;
      expect(second).toMatchObject({ branch, baseMovedBy: 0, mergesCleanly: true });
      expect(git(task.repository, 'for-each-ref', '--format=%(refname)')).toBe(
        `refs/heads/${branch}\nrefs/heads/main`,
      );
      expect(git(task.repository, 'rev-parse', branch)).toBe(second.commit);
      expect(git(task.repository, 'rev-parse', `${branch}^`)).toBe(task.base.baseCommit);
      expect(git(task.repository, 'show', `${branch}:new`)).toBe('new');
      expect(git(task.repository, 'log', '-1', '--format=%(trailers)', branch)).toBe(
        `Assisted-by: Longhaul:gpt-5.5\nLonghaul-Task: ${task.spec.taskId}`,
      );
      expect(git(task.repository, 'rev-parse', 'HEAD^{tree}')).toBe(tree);
      expect(git(task.repository, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
      expect(directoryDigest(task.repository, outside)).toEqual(before);
      if (!(first instanceof WorkerDied)) {
        expect(second).toEqual(first);
        expect(dieAfter).toBe(4);
        break;
      }
    }
  });

  test('of what evaluate called done has the tree that was judged', async () => {
    const task = await makeTaskFixture();
    const workspace = await changed(task, 'echo new > new');
    const { specDigest, contextDigest } = task;
    const judged = await inActivity(createEvaluate(task.ports), {
      taskId: task.spec.taskId,
      iteration: 1,
      specDigest,
      contextDigest,
      workspace,
      checks: [required('test -e new')],
      depth: 'all',
      modelSaysDone: true,
      repeatedActions: false,
      last: null,
      stuckFor: 0,
      best: null,
    });
    expect(judged.evaluation.next).toBe('deliver');
    const { commit } = await inActivity(createDeliver(task.ports), inputOf(task, judged.workspace));
    expect(git(task.repository, 'rev-parse', `${commit}^{tree}`)).toBe(workspace.tree);
  });
});

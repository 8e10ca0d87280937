import { describe, expect, test, vi } from 'vitest';
import { createExecute } from '../../../activities/execute.ts';
import type { Action, ActionBody } from '../../../contracts/action.ts';
import type { ExecuteInput, WorkspaceRef } from '../../../contracts/activities.ts';
import type { StepId } from '../../../contracts/ids.ts';
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

const patchOf = (name: string): ActionBody => ({
  kind: 'apply_patch',
  patch: `*** Begin Patch\n*** Add File: ${name}\n+patched\n*** End Patch`,
});

async function actionsOf(
  task: TaskFixture,
  iteration: number,
  ...bodies: readonly ActionBody[]
): Promise<Action[]> {
  return Promise.all(
    bodies.map((body, index) => storedAction(task.ports, `i${iteration}.a${index + 1}`, body)),
  );
}

function inputOf(
  task: TaskFixture,
  iteration: number,
  actions: readonly Action[],
  workspace: WorkspaceRef = task.base,
): ExecuteInput {
  return executeInput(task, actions, { iteration, workspace });
}

/** Files of a commit, whole. */
async function filesAt(task: TaskFixture, { commit }: WorkspaceRef, ...paths: readonly string[]) {
  const found = await task.ports.repositories.read(task.spec.taskId, commit, paths, 1_000_000);
  return Object.fromEntries([...found].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
}

/** The ports of a worker that was told other limits. */
function withOtherSettings({ ports }: TaskFixture): TaskFixture['ports'] {
  const { sandbox } = ports.limits;
  const changed = { ...sandbox, maxFileBytes: sandbox.maxFileBytes - 1 };
  return { ...ports, limits: { ...ports.limits, sandbox: changed } };
}

const count = shellBody('echo ran >> count; cat count | wc -l');

describe('execute', () => {
  test('runs actions in order, keeps whole outputs as artifacts and ends with a checkpoint', async () => {
    const task = await makeTaskFixture();
    const actions = await actionsOf(
      task,
      1,
      shellBody('echo one > a; echo said; echo erred >&2; exit 3'),
      patchOf('b'),
      shellBody('cat a b', { cwd: '/workspace' }),
    );
    const done = await inActivity(createExecute(task.ports), inputOf(task, 1, actions));
    expect(done.observations.map(({ actionId, status, exitCode }) => [actionId, status, exitCode])).toEqual([
      ['i1.a1', 'failed', 3],
      ['i1.a2', 'ok', 0],
      ['i1.a3', 'ok', 0],
    ]);
    const outputs = done.observations.map(({ outputDigest }) => artifactText(task.ports, outputDigest));
    expect(await Promise.all(outputs)).toEqual([
      'said\nerred\n',
      'Success. Updated the following files:\nA b',
      'one\npatched\n',
    ]);
    expect(await filesAt(task, done.workspace, 'a', 'b')).toEqual({ a: 'one\n', b: 'patched\n' });
    expect(done.checkpoint).toMatchObject({
      before: task.base.tree,
      after: done.workspace.tree,
      filesChanged: 2,
      linesChanged: 2,
    });
    expect(done.sandboxLost).toBe(false);
    const manifest: unknown = JSON.parse(await artifactText(task.ports, done.checkpoint.manifestDigest));
    expect(manifest).toMatchObject({
      commit: done.workspace.commit,
      parent: task.base.commit,
      previous: null,
    });
  });

  test('without a change keeps commit and manifest', async () => {
    const task = await makeTaskFixture();
    const actions = await actionsOf(task, 1, shellBody('true'));
    const done = await inActivity(createExecute(task.ports), inputOf(task, 1, actions));
    expect(done.workspace).toEqual(task.base);
    expect(done.checkpoint).toMatchObject({
      commit: task.base.commit,
      manifestDigest: null,
      filesChanged: 0,
    });
  });

  test('an action may not ask for more time than the limit, and one that runs out of time says so', async () => {
    const task = await makeTaskFixture({ limits: { maxActionTimeoutMs: 300 } });
    const actions = await actionsOf(task, 1, shellBody('echo begun; sleep 60', { timeoutMs: 60_000 }));
    const done = await inActivity(createExecute(task.ports), inputOf(task, 1, actions));
    expect(done.observations).toMatchObject([{ status: 'timed_out', outputBytes: 6 }]);
  });
});

describe('execute, when people have asked for something since', () => {
  const why = 'not run: ann cancelled the task before its turn came';

  test('lets the action that runs be finished, begins no other and makes the checkpoint', async () => {
    const task = await makeTaskFixture();
    const actions = await actionsOf(task, 1, shellBody('sleep 1; echo 1 > a'), patchOf('b'), count);
    const begun = () => task.ports.sandbox.began(task.leaseId(), 'i1.a1' as StepId);
    const ports = { ...task.ports, overtaken: async () => ((await begun()) ? why : null) };
    const done = await inActivity(createExecute(ports), inputOf(task, 1, actions));
    expect(done.observations.map(({ status, note }) => [status, note])).toEqual([
      ['ok', ''],
      ['cancelled', why],
      ['cancelled', why],
    ]);
    expect(done.checkpoint).toMatchObject({ after: done.workspace.tree, filesChanged: 1 });
  });

  test('tells what an earlier try has run as run, brings a patch that it had begun to its end, and else begins nothing', async () => {
    const task = await makeTaskFixture();
    const ports = { ...task.ports, overtaken: async () => why };
    const input = inputOf(task, 1, await actionsOf(task, 1, count, patchOf('b'), count));
    const first = inActivity(createExecute(mortal(task.ports, 3, 'sandbox.exec').ports), input);
    await expect(first).rejects.toBeInstanceOf(WorkerDied);
    const again = await inActivity(createExecute(ports), input, { attempt: 2 });
    expect(again.observations.map(({ status }) => status)).toEqual(['ok', 'ok', 'cancelled']);
    expect(await filesAt(task, again.workspace, 'count', 'b')).toEqual({ count: 'ran\n', b: 'patched\n' });

    const next = inputOf(task, 2, await actionsOf(task, 2, count), again.workspace);
    const none = await inActivity(createExecute(ports), next, { attempt: 2 });
    expect(none.observations).toMatchObject([{ status: 'cancelled', note: why }]);
    expect(none.workspace).toEqual(again.workspace);
  });
});

describe('execute, tried again', () => {
  test('after a death at any call runs each command once and makes the same checkpoint', async () => {
    const task = await makeTaskFixture();
    let workspace = task.base;
    let iteration = 0;
    for (let dieAfter = 1; ; dieAfter++) {
      iteration += 1;
      const actions = await actionsOf(task, iteration, count, patchOf(`p${iteration}`));
      const input = inputOf(task, iteration, actions, workspace);
      const { ports, calls } = mortal(task.ports, dieAfter);
      const first = await inActivity(createExecute(ports), input).catch((error: unknown) => error);
      const second = await inActivity(createExecute(task.ports), input, { attempt: 2 });
      expect(await artifactText(task.ports, second.observations[0]?.outputDigest ?? null), `${calls}`).toBe(
        `${iteration}\n`,
      );
      expect(second.observations[1]).toMatchObject({ status: 'ok' });
      expect(await filesAt(task, second.workspace, 'count', `p${iteration}`)).toEqual({
        count: 'ran\n'.repeat(iteration),
        [`p${iteration}`]: 'patched\n',
      });
      workspace = second.workspace;
      if (!(first instanceof WorkerDied)) {
        // It got to its end: the second try has to give the same as the first.
        expect(second).toEqual(first);
        break;
      }
    }
    expect(iteration).toBeGreaterThan(8);
  });

  test('when the sandbox died under a command, that one is lost, later ones are cancelled, and none runs again', async () => {
    const task = await makeTaskFixture();
    const actions = await actionsOf(
      task,
      1,
      shellBody('echo ran >> /workspace/first'),
      shellBody('echo begun; sleep 600'),
      patchOf('third'),
      shellBody('echo ran > fourth'),
    );
    const input = inputOf(task, 1, actions);
    const begun = vi.fn<(tail: string) => void>();
    const { sandbox } = task.ports;
    const watched: typeof sandbox = {
      ...sandbox,
      exec: (leaseId, step, watch) =>
        sandbox.exec(leaseId, step, { ...watch, onOutput: (tail) => begun(tail) }),
    };
    const first = inActivity(
      createExecute(mortal({ ...task.ports, sandbox: watched }, 2, 'sandbox.exec').ports),
      input,
    );
    const settled = expect(first).rejects.toBeInstanceOf(WorkerDied);
    await vi.waitFor(() => expect(begun).toHaveBeenCalledWith('begun\n'), { timeout: 15_000 });
    await task.local.killKeeper(task.leaseId());
    await settled;

    // Also a second try that dies when all is done, before its result is recorded.
    const second = await inActivity(createExecute(task.ports), input);
    const third = await inActivity(createExecute(task.ports), input);
    for (const done of [second, third]) {
      expect(done.observations.map(({ status }) => status)).toEqual(['ok', 'lost', 'cancelled', 'cancelled']);
      expect(await artifactText(task.ports, done.observations[1]?.outputDigest ?? null)).toBe('begun\n');
      expect(done.sandboxLost).toBe(true);
      expect(done.workspace).toEqual({ ...task.base, leaseNumber: 2 });
      expect(done.checkpoint).toMatchObject({ after: task.base.tree, filesChanged: 0 });
    }

    // The next iteration goes on in the new sandbox, from the checkpoint, and gives the dead one back.
    const next = await actionsOf(task, 2, shellBody('ls'));
    const after = await inActivity(createExecute(task.ports), inputOf(task, 2, next, third.workspace));
    expect(await artifactText(task.ports, after.observations[0]?.outputDigest ?? null)).toBe(
      'README.md\nsrc\n',
    );
    expect(await task.ports.sandbox.leases()).toMatchObject([{ leaseId: task.leaseId(2) }]);
    expect(await task.local.leftovers(task.leaseId(1))).toEqual([]);
  });

  test('a sandbox that was made with other settings is left for the next one, from the last checkpoint', async () => {
    const task = await makeTaskFixture();
    const input = inputOf(task, 1, await actionsOf(task, 1, count));
    const done = await inActivity(createExecute(task.ports), input);
    const next = inputOf(task, 2, await actionsOf(task, 2, count), done.workspace);
    const after = await inActivity(createExecute(withOtherSettings(task)), next);
    expect(after).toMatchObject({ sandboxLost: false, workspace: { leaseNumber: 2 } });
    expect(await filesAt(task, after.workspace, 'count')).toEqual({ count: 'ran\nran\n' });
  });

  test('what ran in a sandbox with other settings before its worker died is told as it was, and does not run again', async () => {
    const task = await makeTaskFixture();
    const input = inputOf(task, 1, await actionsOf(task, 1, count));
    const done = await inActivity(createExecute(task.ports), input);
    const again = await inActivity(createExecute(withOtherSettings(task)), input);
    expect(again.observations.map(({ status, outputDigest }) => [status, outputDigest])).toEqual(
      done.observations.map(({ status, outputDigest }) => [status, outputDigest]),
    );
    expect(again).toMatchObject({ sandboxLost: true, workspace: { ...task.base, leaseNumber: 2 } });
  });

  test('when the sandbox died before any action began, all run in the next one', async () => {
    const task = await makeTaskFixture();
    const input = inputOf(task, 1, await actionsOf(task, 1, count, patchOf('p')));
    const first = inActivity(createExecute(mortal(task.ports, 1, 'sandbox.acquire').ports), input);
    await expect(first).rejects.toBeInstanceOf(WorkerDied);
    await task.local.killKeeper(task.leaseId());
    const done = await inActivity(createExecute(task.ports), input);
    expect(done.observations.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(done).toMatchObject({ sandboxLost: false, workspace: { leaseNumber: 2 } });
    expect(await filesAt(task, done.workspace, 'count', 'p')).toEqual({ count: 'ran\n', p: 'patched\n' });
    // Once more, as if the worker had died before the result was recorded: the same sandbox, nothing runs again.
    expect(await inActivity(createExecute(task.ports), input)).toEqual(done);
  });

  test('a sandbox that dies between taking it and the first action costs nothing', async () => {
    const task = await makeTaskFixture();
    const { sandbox } = task.ports;
    let killed = false;
    const fragile: typeof sandbox = {
      ...sandbox,
      async acquire(spec, watch) {
        const lease = await sandbox.acquire(spec, watch);
        if (!killed) await task.local.killKeeper(spec.leaseId);
        killed = true;
        return lease;
      },
    };
    const input = inputOf(task, 1, await actionsOf(task, 1, count, patchOf('p')));
    const done = await inActivity(createExecute({ ...task.ports, sandbox: fragile }), input);
    expect(done.observations.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(done).toMatchObject({ sandboxLost: false, workspace: { leaseNumber: 2 } });
  });

  test('a patch of which only the reading had begun has not begun, and runs in the next sandbox', async () => {
    const task = await makeTaskFixture();
    const { sandbox } = task.ports;
    let killed = false;
    const fragile: typeof sandbox = {
      ...sandbox,
      async exec(leaseId, step, watch) {
        if (!killed && step.stepId === 'i1.a1.write') {
          killed = true;
          await task.local.killKeeper(leaseId);
        }
        return sandbox.exec(leaseId, step, watch);
      },
    };
    const input = inputOf(task, 1, await actionsOf(task, 1, patchOf('p'), count));
    const done = await inActivity(createExecute({ ...task.ports, sandbox: fragile }), input);
    expect(killed).toBe(true);
    expect(done.observations.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(done).toMatchObject({ sandboxLost: false, workspace: { leaseNumber: 2 } });
    expect(await filesAt(task, done.workspace, 'p', 'count')).toEqual({ p: 'patched\n', count: 'ran\n' });
  });

  test('a sandbox that dies under the checkpoint loses the workspace and runs nothing again', async () => {
    const task = await makeTaskFixture();
    const { sandbox } = task.ports;
    const fragile: typeof sandbox = {
      ...sandbox,
      async checkpoint(leaseId, request) {
        await task.local.killKeeper(leaseId);
        return sandbox.checkpoint(leaseId, request);
      },
    };
    const input = inputOf(task, 1, await actionsOf(task, 1, count, patchOf('p')));
    const done = await inActivity(createExecute({ ...task.ports, sandbox: fragile }), input);
    expect(done.observations.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(done).toMatchObject({ sandboxLost: true, workspace: { ...task.base, leaseNumber: 2 } });
  });
});

describe('execute, in a sandbox that will end by itself', () => {
  const dueFrom =
    (task: TaskFixture, leaseNumber: number): typeof task.ports.sandbox.acquire =>
    async (spec, watch) => {
      const lease = await task.ports.sandbox.acquire(spec, watch);
      return spec.leaseId === task.leaseId(leaseNumber) ? { ...lease, renewAtMs: Date.now() - 1 } : lease;
    };

  test('leaves it for the next one before anything runs, and the workspace is the last checkpoint', async () => {
    const task = await makeTaskFixture();
    const first = await inActivity(
      createExecute(task.ports),
      inputOf(task, 1, await actionsOf(task, 1, shellBody('echo one > a'))),
    );
    const sandbox = { ...task.ports.sandbox, acquire: dueFrom(task, 1) };
    const actions = await actionsOf(task, 2, shellBody('cat a; echo two >> a'), count);
    const input = inputOf(task, 2, actions, first.workspace);
    const done = await inActivity(createExecute({ ...task.ports, sandbox }), input);
    expect(done.observations.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(done).toMatchObject({ sandboxLost: false, workspace: { leaseNumber: 2 } });
    expect(await filesAt(task, done.workspace, 'a', 'count')).toEqual({ a: 'one\ntwo\n', count: 'ran\n' });
    // Asked again, as after a worker's death before history knew of it: nothing runs twice.
    const again = await inActivity(createExecute({ ...task.ports, sandbox }), input);
    expect(again.workspace).toEqual(done.workspace);
  });

  test('stays in it while one of its actions has begun there', async () => {
    const task = await makeTaskFixture();
    const actions = await actionsOf(task, 1, count, count);
    const died = mortal(task.ports, 1, 'sandbox.exec').ports;
    await expect(inActivity(createExecute(died), inputOf(task, 1, actions))).rejects.toThrow(WorkerDied);
    const sandbox = { ...task.ports.sandbox, acquire: dueFrom(task, 1) };
    const done = await inActivity(createExecute({ ...task.ports, sandbox }), inputOf(task, 1, actions));
    expect(done.workspace.leaseNumber).toBe(1);
    expect(await filesAt(task, done.workspace, 'count')).toEqual({ count: 'ran\nran\n' });
  });
});

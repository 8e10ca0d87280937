import { describe, expect, test } from 'vitest';
import { createExecute } from '../../../activities/execute.ts';
import { createRollBack } from '../../../activities/roll-back.ts';
import type { RollBackInput, WorkspaceRef } from '../../../contracts/activities.ts';
import type { Digest } from '../../../contracts/ids.ts';
import { plannedOf, storeRecord } from '../../helpers/iteration-record.ts';
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

async function run(task: TaskFixture, iteration: number, line: string, workspace: WorkspaceRef) {
  const actions = [await storedAction(task.ports, `i${iteration}.a1`, shellBody(line))];
  const input = executeInput(task, actions, { iteration, workspace });
  return inActivity(createExecute(task.ports), input);
}

/** Three iterations, each with a file of its own, and their ledger. */
async function threeIterations(task: TaskFixture) {
  let workspace = task.base;
  let head: Digest | null = null;
  const workspaces = [workspace];
  for (let iteration = 1; iteration <= 3; iteration++) {
    const { checkpoint, workspace: after } = await run(
      task,
      iteration,
      `echo ${iteration} > f${iteration}`,
      workspace,
    );
    head = await storeRecord(task, { planned: plannedOf(iteration), previous: head, checkpoint });
    workspace = after;
    workspaces.push(after);
  }
  if (head === null) throw new Error('nothing was recorded');
  return { head, workspace, workspaces };
}

describe('rollBack', () => {
  test('makes the workspace what it was, after a death at any call too, and work goes on from there', async () => {
    const task = await makeTaskFixture({ files: { a: 'a\n', '.gitignore': 'kept\n' } });
    const { head, workspace, workspaces } = await threeIterations(task);
    const { contextDigest } = task;
    const { taskId } = task.spec;
    await run(task, 4, 'echo x > kept', workspace);
    let iteration = 10;
    for (const [toIteration, files] of [
      [1, '.gitignore\na\nf1\nkept\n'],
      [0, '.gitignore\na\nkept\n'],
      [3, '.gitignore\na\nf1\nf2\nf3\nkept\n'],
    ] as const) {
      const input: RollBackInput = { taskId, contextDigest, toIteration, head, workspace };
      for (let dieAfter = 1; ; dieAfter++) {
        const { ports } = mortal(task.ports, dieAfter);
        const first = await inActivity(createRollBack(ports), input).catch((error: unknown) => error);
        const second = await inActivity(createRollBack(task.ports), input);
        const { commit, tree, manifestDigest } = workspaces[toIteration] ?? workspace;
        expect(second).toEqual({
          iteration: toIteration,
          workspace: { ...workspace, commit, tree, manifestDigest },
        });
        if (first instanceof WorkerDied) continue;
        expect(second).toEqual(first);
        const listed = await run(task, iteration++, 'ls -A -I .git', second.workspace);
        expect(await artifactText(task.ports, listed.observations[0]?.outputDigest ?? null)).toBe(files);
        expect(listed.workspace.tree).toBe(tree);
        break;
      }
    }
  });

  test('works when the sandbox is gone: the next one is made from that checkpoint', async () => {
    const task = await makeTaskFixture();
    const { head, workspace } = await threeIterations(task);
    await task.local.killKeeper(task.leaseId(1));
    const { contextDigest } = task;
    const input = { taskId: task.spec.taskId, contextDigest, toIteration: 2, head, workspace };
    const back = await inActivity(createRollBack(task.ports), input);
    expect(back.workspace.leaseNumber).toBe(2);
    expect(await inActivity(createRollBack(task.ports), input)).toEqual(back);
    const listed = await run(task, 9, 'ls', back.workspace);
    expect(await artifactText(task.ports, listed.observations[0]?.outputDigest ?? null)).toBe(
      'README.md\nf1\nf2\nsrc\n',
    );
  });

  test('refuses an iteration that the ledger does not hold', async () => {
    const task = await makeTaskFixture();
    const head = await storeRecord(task, { planned: plannedOf(1), previous: null });
    const { contextDigest, base } = task;
    const input = { taskId: task.spec.taskId, contextDigest, toIteration: 7, head, workspace: base };
    await expect(inActivity(createRollBack(task.ports), input)).rejects.toMatchObject({
      code: 'usage.invalid',
      message: expect.stringContaining('no iteration 7'),
    });
  });
});

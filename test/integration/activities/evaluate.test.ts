import { describe, expect, test } from 'vitest';
import { createEvaluate } from '../../../activities/evaluate/evaluate.ts';
import { createExecute } from '../../../activities/execute.ts';
import type { BaselineCheck, EvaluateInput, WorkspaceRef } from '../../../contracts/activities.ts';
import { required } from '../../helpers/check-results.ts';
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

const checkOf = (command: string, more: Partial<BaselineCheck> = {}): BaselineCheck => ({
  ...required(command),
  ...more,
});

function inputOf(
  task: TaskFixture,
  checks: readonly BaselineCheck[],
  more: Partial<EvaluateInput> = {},
): EvaluateInput {
  const { actions: _, timestampMs: __, ...input } = executeInput(task, [], { checks, ...more });
  return input;
}

/** Changes the workspace by a command, and gives it as its checkpoint is. */
async function changed(
  task: TaskFixture,
  iteration: number,
  line: string,
  workspace: WorkspaceRef = task.base,
) {
  const action = await storedAction(task.ports, `i${iteration}.a1`, shellBody(line));
  const done = await inActivity(
    createExecute(task.ports),
    executeInput(task, [action], { iteration, workspace }),
  );
  expect(done.observations).toMatchObject([{ status: 'ok' }]);
  return done.workspace;
}

describe('evaluate', () => {
  test('judges the workspace by its checks, and keeps what they wrote', async () => {
    const task = await makeTaskFixture();
    const checks = [checkOf('cat src/a.txt'), checkOf('echo wrong; exit 2'), checkOf('kill -9 $$')];
    const { evaluation } = await inActivity(createEvaluate(task.ports), inputOf(task, checks));
    expect(evaluation.checks.map(({ status, exitCode, cached }) => [status, exitCode, cached])).toEqual([
      ['passed', 0, false],
      ['failed', 2, false],
      ['failed', 137, false],
    ]);
    expect(await artifactText(task.ports, evaluation.checks[1]?.outputDigest ?? null)).toBe('wrong\n');
    expect(evaluation).toMatchObject({ progress: 1 / 3, confidence: 1, next: 'continue' });
    expect(evaluation.failureSignature).toMatch(/^sha256:/);
  });

  test('ends a check that hangs or writes without end, and calls it failed', async () => {
    const task = await makeTaskFixture({ limits: { checkTimeoutMs: 1500, maxOutputBytes: 10_000 } });
    const checks = [checkOf('sleep 600'), checkOf('while :; do echo endless; done')];
    const { evaluation } = await inActivity(createEvaluate(task.ports), inputOf(task, checks));
    expect(evaluation.checks.map(({ status }) => status)).toEqual(['timed_out', 'failed']);
    const output = await artifactText(task.ports, evaluation.checks[1]?.outputDigest ?? null);
    expect(output.length).toBeLessThanOrEqual(10_000);
  });

  test('after a death at any call gives the results of one run', async () => {
    const task = await makeTaskFixture();
    // In a place that git ignores: the count is no change of the tree.
    const checks = [checkOf('echo ran >> .git-count; wc -l < .git-count; exit 1')];
    let iteration = 0;
    let deaths = 0;
    for (let dieAfter = 1; ; dieAfter++) {
      iteration += 1;
      const input = inputOf(task, checks, { iteration });
      const first = await inActivity(createEvaluate(mortal(task.ports, dieAfter).ports), input).catch(
        (e: unknown) => e,
      );
      const second = await inActivity(createEvaluate(task.ports), input);
      expect(await artifactText(task.ports, second.evaluation.checks[0]?.outputDigest ?? null)).toBe(
        `${iteration}\n`,
      );
      if (!(first instanceof WorkerDied)) {
        expect(second).toEqual(first);
        break;
      }
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(4);
  });

  test('a check whose sandbox is lost runs again in the next one, made from the checkpoint', async () => {
    const task = await makeTaskFixture();
    const workspace = await changed(task, 1, 'echo new > new');
    const { sandbox } = task.ports;
    let killed = false;
    const fragile: typeof sandbox = {
      ...sandbox,
      async exec(leaseId, step, watch) {
        if (!killed) await task.local.killKeeper(leaseId);
        killed = true;
        return sandbox.exec(leaseId, step, watch);
      },
    };
    const input = inputOf(task, [checkOf('cat new'), checkOf('true')], { workspace });
    const judged = await inActivity(createEvaluate({ ...task.ports, sandbox: fragile }), input);
    expect(judged.evaluation.checks.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(judged.workspace).toEqual({ ...workspace, leaseNumber: 2 });
    // Tried again, it finds the way to the same sandbox.
    expect(await inActivity(createEvaluate(task.ports), input)).toEqual(judged);
  });

  test('on an unchanged tree gives the results of before, as such', async () => {
    const task = await makeTaskFixture();
    const checks = [checkOf('true'), checkOf('exit 1')];
    const first = await inActivity(createEvaluate(task.ports), inputOf(task, checks));
    const last = { tree: task.base.tree, ...first.evaluation };
    const again = inputOf(task, checks, { iteration: 2, last, modelSaysDone: true });
    const { ports, calls } = mortal(task.ports, -1);
    const { evaluation } = await inActivity(createEvaluate(ports), again);
    expect(evaluation.checks).toEqual(first.evaluation.checks.map((result) => ({ ...result, cached: true })));
    expect(evaluation.failureSignature).toBe(first.evaluation.failureSignature);
    expect(calls.filter((call) => call.startsWith('sandbox.'))).toEqual([]);
  });

  test('is made with the execution where no check has to run for it, and is then the same', async () => {
    const task = await makeTaskFixture();
    const checks = [checkOf('true'), checkOf('exit 1')];
    const first = await inActivity(createEvaluate(task.ports), inputOf(task, checks));
    const last = { tree: task.base.tree, ...first.evaluation };
    const looked = await storedAction(task.ports, 'i2.a1', shellBody('ls'));
    const input = executeInput(task, [looked], { iteration: 2, checks, last });
    const { evaluated, workspace } = await inActivity(createExecute(task.ports), input);
    expect(evaluated).toEqual(
      await inActivity(createEvaluate(task.ports), inputOf(task, checks, { iteration: 2, last, workspace })),
    );

    const wrote = await storedAction(task.ports, 'i3.a1', shellBody('echo new > new'));
    const changing = executeInput(task, [wrote], { iteration: 3, checks, last });
    expect(await inActivity(createExecute(task.ports), changing)).toMatchObject({ evaluated: null });
  });

  test('the same failure has the same signature, another one another', async () => {
    const task = await makeTaskFixture();
    const signature = async (iteration: number, line: string) => {
      const checks = [{ ...checkOf(line), name: 'test' }];
      const { evaluation } = await inActivity(
        createEvaluate(task.ports),
        inputOf(task, checks, { iteration }),
      );
      return evaluation.failureSignature;
    };
    const one = await signature(1, 'echo "FAIL a (1.5 s)"; exit 1');
    expect(await signature(2, 'echo "FAIL a (0.3 s)"; exit 1')).toBe(one);
    expect(await signature(3, 'echo "FAIL b (1.5 s)"; exit 1')).not.toBe(one);
    expect(await signature(4, 'echo "FAIL a (1.5 s)"; exit 2')).not.toBe(one);
    expect(await signature(5, 'true')).toBe('');
  });

  test('done and green after a change is delivered; the same tree by another commit is no change', async () => {
    const task = await makeTaskFixture();
    const once = await changed(task, 1, 'echo x > x');
    const back = await changed(task, 2, 'rm x', once);
    const done = (workspace: WorkspaceRef, iteration: number) =>
      inActivity(
        createEvaluate(task.ports),
        inputOf(task, [checkOf('true')], { workspace, iteration, modelSaysDone: true }),
      );
    expect((await done(once, 1)).evaluation.next).toBe('deliver');
    expect(back.commit).not.toBe(task.base.commit);
    expect((await done(back, 2)).evaluation).toMatchObject({
      next: 'stop',
      reason: 'the model ended without a change',
    });
  });
});

describe('what a person should look at before a delivery', () => {
  const files = {
    'package.json': '{}',
    'test/a.test.js': "import { test } from 'node:test';\ntest('a', () => assert.equal(1, 1));\n",
    'test/b.test.js': "test('b', () => assert.equal(1, 1));\n",
    '.github/workflows/ci.yml': 'on: push\n',
    'src/a.js': 'export const a = 1;\n',
  };

  test('is read off the whole change, by the policy and paths of the task', async () => {
    const task = await makeTaskFixture({ files, spec: { paths: ['src', 'test', '.github'] } });
    const workspace = await changed(
      task,
      1,
      'rm test/a.test.js; sed -i "s/test(/test.skip(/" test/b.test.js; echo "on: tag" > .github/workflows/ci.yml; echo > other; echo "// x" >> src/a.js',
    );
    const judged = await inActivity(
      createEvaluate(task.ports),
      inputOf(task, [], { workspace, modelSaysDone: true }),
    );
    expect(judged.evaluation.next).toBe('deliver');
    const found = judged.evaluation.concerns.map(({ kind, path }) => `${kind} ${path}`);
    expect(found.toSorted()).toEqual([
      'outside_paths other',
      'protected_path .github/workflows/ci.yml',
      'test_removed test/a.test.js',
      'test_skipped test/b.test.js',
      'test_weakened test/b.test.js',
    ]);
  });

  test('is the program that a check names, when the change replaces it', async () => {
    const task = await makeTaskFixture({ files });
    const workspace = await changed(task, 1, 'mkdir ci; echo true > ci/all.sh; echo "// x" >> src/a.js');
    const check = checkOf('sh ci/all.sh');
    const judged = await inActivity(
      createEvaluate(task.ports),
      inputOf(task, [check], { workspace, modelSaysDone: true }),
    );
    expect(judged.evaluation.concerns).toMatchObject([{ kind: 'check_changed', path: 'ci/all.sh' }]);
  });

  test('is nothing for an ordinary change, and is not asked before delivery', async () => {
    const task = await makeTaskFixture({ files });
    const workspace = await changed(task, 1, 'echo "export const b = 2;" >> src/a.js; rm test/a.test.js');
    const going = await inActivity(createEvaluate(task.ports), inputOf(task, [], { workspace }));
    expect(going.evaluation).toMatchObject({ next: 'continue', concerns: [] });
    const fixed = await changed(task, 2, 'git show HEAD:test/a.test.js > test/a.test.js', workspace);
    const done = await inActivity(
      createEvaluate(task.ports),
      inputOf(task, [], { workspace: fixed, iteration: 2, modelSaysDone: true }),
    );
    expect(done.evaluation).toMatchObject({ next: 'deliver', concerns: [] });
  });
});

import { describe, expect, test } from 'vitest';
import { createFetchRepository } from '../../../activities/fetch-repository.ts';
import { loadContext } from '../../../activities/load.ts';
import { createPerceive } from '../../../activities/perceive/perceive.ts';
import { createReleaseSandboxes } from '../../../activities/release-sandboxes.ts';
import type { PerceiveInput } from '../../../contracts/activities.ts';
import type { TaskId } from '../../../contracts/ids.ts';
import { commitAll, git, writeFiles } from '../../helpers/git-fixture.ts';
import { mortal, WorkerDied } from '../../helpers/mortal-ports.ts';
import {
  artifactText,
  inActivity,
  makeTaskFixture,
  specOf,
  type TaskFixture,
} from '../../helpers/task-fixture.ts';

const inputOf = (task: TaskFixture): PerceiveInput => ({
  taskId: task.spec.taskId,
  specDigest: task.specDigest,
  workspace: task.base,
  timestampMs: 1_700_000_000_000,
});

describe('fetchRepository', () => {
  test('after a death at any call gives the same base, also when the branch has moved', async () => {
    const task = await makeTaskFixture();
    for (let dieAfter = 1; dieAfter <= 3; dieAfter++) {
      const spec = specOf(`fetch-${dieAfter}` as TaskId, task.repository);
      const head = git(task.repository, 'rev-parse', 'HEAD');
      const { ports } = mortal(task.ports, dieAfter);
      const first = await inActivity(createFetchRepository(ports), { spec }).catch((error: unknown) => error);
      expect(first instanceof WorkerDied).toBe(dieAfter < 3);
      writeFiles(task.repository, { moved: `${dieAfter}` });
      commitAll(task.repository, 'moved on');
      const second = await inActivity(createFetchRepository(task.ports), { spec });
      expect(second).toMatchObject({
        baseBranch: 'main',
        workspace: { baseCommit: head, commit: head, manifestDigest: null, leaseNumber: 1 },
      });
      expect(JSON.parse(await artifactText(task.ports, second.specDigest))).toEqual(spec);
      if (dieAfter === 3) expect(second).toEqual(first);
    }
  });

  test('passes the fault of a repository that is not there', async () => {
    const task = await makeTaskFixture();
    const spec = specOf('nowhere' as TaskId, `${task.directory}/nowhere`);
    await expect(inActivity(createFetchRepository(task.ports), { spec })).rejects.toMatchObject({
      code: 'repository.not_found',
    });
  });
});

const packageJson = JSON.stringify({
  name: 'sample',
  scripts: { test: 'echo ran >> ../count; echo "1 fails"; exit 1', lint: 'true' },
});

describe('perceive', () => {
  test('with checks of a person requires all of them; those it found only where they passed', async () => {
    const files = {
      'package.json': '{"scripts":{"test":"exit 1","lint":"true"}}',
      'package-lock.json': '{}',
    };
    // The sandbox of this machine may have no npm; what counts is what the checks say.
    const given = await makeTaskFixture({
      files,
      spec: {
        checks: [
          { name: 'old', command: 'echo broken; exit 1' },
          { name: 'ok', command: 'true' },
        ],
      },
    });
    const perceived = await inActivity(createPerceive(given.ports), inputOf(given));
    expect(perceived.checksFrom).toBe('the task');
    expect(perceived.checks).toMatchObject([
      { name: 'old', required: true, baseline: { status: 'failed' } },
      { name: 'ok', required: true, baseline: { status: 'passed' } },
    ]);
    const { text, setup } = await loadContext(given.ports.artifacts, perceived.contextDigest);
    expect(setup).toBeNull();
    expect(text).toContain('- old: failed (has to pass)\nbroken\n');
    expect(text).toContain('- ok: passed (has to pass)');
  });

  test('requires a check that it found only when it passed before the task began', async () => {
    const task = await makeTaskFixture({
      files: { Makefile: 'test:\n\t@echo red; exit 1\nlint:\n\t@true\n' },
    });
    const perceived = await inActivity(createPerceive(task.ports), inputOf(task));
    expect(perceived.checksFrom).toContain('Makefile');
    const found = perceived.checks.find(({ name }) => name.includes('make test'));
    expect(found).toMatchObject({ required: false, baseline: { status: 'failed' } });
    const green = perceived.checks.find(({ name }) => name.includes('make lint'));
    expect(green).toMatchObject({ required: true, baseline: { status: 'passed' } });
    const { text } = await loadContext(task.ports.artifacts, perceived.contextDigest);
    expect(text).toMatch(/make test: failed \(failed before the task began, need not pass\)/);
  });

  test('after a death at any call runs each check and the setup once, and finds the same', async () => {
    let deaths = 0;
    for (let dieAfter = 1; ; dieAfter += 2) {
      const task = await makeTaskFixture({
        files: { 'package.json': packageJson },
        spec: {
          setup: ['mkdir -p kept && echo set up >> kept/setup && printf "kept\\n" >> .gitignore'],
          checks: [{ name: 'count', command: 'echo ran >> kept/count; cat kept/setup kept/count; exit 1' }],
        },
      });
      const input = inputOf(task);
      const { ports } = mortal(task.ports, dieAfter);
      const first = await inActivity(createPerceive(ports), input).catch((error: unknown) => error);
      const second = await inActivity(createPerceive(task.ports), input);
      expect(await artifactText(task.ports, second.checks[0]?.baseline.outputDigest ?? null)).toBe(
        'set up\nran\n',
      );
      const { setup } = await loadContext(task.ports.artifacts, second.contextDigest);
      expect(setup?.commands).toEqual(task.spec.setup);
      expect(second.sandbox.setupDigest).toBe(setup?.digest);
      expect((await task.ports.sandbox.leases()).map(({ leaseId }) => leaseId)).toEqual([task.leaseId(1)]);
      if (!(first instanceof WorkerDied)) {
        expect(second).toEqual(first);
        break;
      }
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(2);
  });

  test('reads a tree once: another task on the same tree is told from memory', async () => {
    const task = await makeTaskFixture({ spec: { checks: [{ name: 'ok', command: 'true' }] } });
    const { ports, calls } = mortal(task.ports, -1);
    const perceive = createPerceive(ports);
    const first = await inActivity(perceive, inputOf(task));
    const reads = calls.filter((call) => call.startsWith('repositories.')).length;
    expect(reads).toBeGreaterThan(0);
    expect(await inActivity(perceive, inputOf(task))).toEqual(first);
    expect(calls.filter((call) => call.startsWith('repositories.'))).toHaveLength(reads);
  });

  test('a setup that fails is a typed error that shows its output', async () => {
    const task = await makeTaskFixture({ spec: { setup: ['echo no such package; exit 7'] } });
    await expect(inActivity(createPerceive(task.ports), inputOf(task))).rejects.toMatchObject({
      code: 'sandbox.setup_failed',
      message: expect.stringContaining('no such package'),
    });
  });
});

describe('releaseSandboxes', () => {
  test('ends all of the task and none of another; twice is fine', async () => {
    const task = await makeTaskFixture({ spec: { checks: [{ name: 'ok', command: 'true' }] } });
    await inActivity(createPerceive(task.ports), inputOf(task));
    await inActivity(createPerceive(task.ports), {
      ...inputOf(task),
      workspace: { ...task.base, leaseNumber: 2 },
    });
    const release = createReleaseSandboxes(task.ports);
    await inActivity(release, { taskId: 'another' as TaskId });
    expect(await task.ports.sandbox.leases()).toMatchObject([{ leaseId: task.leaseId(2) }]);
    const { ports } = mortal(task.ports, 2);
    await expect(inActivity(createReleaseSandboxes(ports), { taskId: task.spec.taskId })).rejects.toThrow(
      WorkerDied,
    );
    await inActivity(release, { taskId: task.spec.taskId });
    await inActivity(release, { taskId: task.spec.taskId });
    expect(await task.ports.sandbox.leases()).toEqual([]);
    expect(await task.local.leftovers(task.leaseId(2))).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  acquire,
  checkpointOf,
  lease,
  type MakeSandbox,
  never,
  nextLease,
  quiet,
  run,
  type SandboxFixture,
  shell,
  specOf,
  step,
} from './sandbox-support.ts';

/** How a lease begins, is adopted, is lost and ends. */
export function sandboxLives(name: string, make: MakeSandbox): void {
  describe(`${name}: leases`, () => {
    let fixture: SandboxFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(async () => {
      for (const { leaseId } of await fixture.sandbox.leases()) await fixture.sandbox.release(leaseId);
      await fixture.cleanup();
    });

    test('this machine can run it', async () => {
      const { available, findings } = await fixture.sandbox.probe();
      expect({ available, findings }).toEqual({ available: true, findings: expect.any(Array) });
    });

    test('a new lease has the files of its commit and says what it is made of', async () => {
      const made = await acquire(fixture);
      expect(made).toMatchObject({ adopted: false, setupReused: false, setupDigest: null });
      expect(made.imageDigest).toMatch(/^sha256:/);
      expect((await run(fixture, made.leaseId, 'cat README.md')).text).toBe('# Sample\n');
    });

    test('acquiring a live lease again adopts it, by another client too', async () => {
      const first = await acquire(fixture);
      await run(fixture, first.leaseId, 'echo x > kept');
      const again = await fixture.another().acquire(specOf(fixture, first.leaseId), quiet);
      expect(again).toEqual({ ...first, adopted: true });
      expect((await run(fixture, first.leaseId, 'cat kept')).text).toBe('x\n');
    });

    test('two that acquire at the same moment get the same sandbox', async () => {
      const leaseId = nextLease();
      const both = [fixture.sandbox, fixture.another()].map((client) =>
        client.acquire(specOf(fixture, leaseId), quiet),
      );
      const made = await Promise.all(both);
      expect(made.map(({ adopted }) => adopted).sort()).toEqual([false, true]);
      await run(fixture, leaseId, 'echo x > kept');
      expect((await run({ ...fixture, sandbox: fixture.another() }, leaseId, 'cat kept')).text).toBe('x\n');
    });

    test('a live lease is not given to another specification', async () => {
      const { leaseId } = await acquire(fixture);
      const spec = specOf(fixture, leaseId);
      const other = { ...spec, limits: { ...spec.limits, processes: 65 } };
      await expect(fixture.sandbox.acquire(other, quiet)).rejects.toMatchObject({ code: 'sandbox.conflict' });
    });

    test('a source that has no such commit is refused, and nothing is left', async () => {
      const leaseId = nextLease();
      const spec = specOf(fixture, leaseId);
      const source = {
        ...spec.source,
        commit: specOf(fixture, leaseId).source.commit.replace(/^./, 'z').replace('z', 'f'),
      };
      const missing = {
        ...spec,
        source: { ...spec.source, commit: source.commit as typeof spec.source.commit },
      };
      await expect(fixture.sandbox.acquire(missing, quiet)).rejects.toMatchObject({
        code: 'checkpoint.invalid',
      });
      expect(await fixture.leftovers(leaseId)).toEqual([]);
    });

    test('an acquire that is given up does not end the lease', async () => {
      const leaseId = nextLease();
      const controller = new AbortController();
      const first = fixture.sandbox.acquire(specOf(fixture, leaseId), {
        ...quiet,
        signal: controller.signal,
      });
      await vi.waitFor(async () => expect(await fixture.sandbox.leases()).toHaveLength(1), {
        timeout: 30_000,
      });
      controller.abort(new Error('worker shuts down'));
      await expect(first).rejects.toThrow('worker shuts down');
      expect(await acquire(fixture, leaseId)).toMatchObject({ adopted: true });
    });

    test('release ends every process and removes every trace, also of those that hide', async () => {
      const { leaseId } = await acquire(fixture);
      await run(
        fixture,
        leaseId,
        'sleep 305 & setsid sh -c "trap \\"\\" TERM HUP; sleep 305" & env -i nohup sleep 305 & mkdir -m 000 shut; true',
      );
      expect(await fixture.leftovers(leaseId)).not.toEqual([]);
      await fixture.sandbox.release(leaseId);
      expect(await fixture.leftovers(leaseId)).toEqual([]);
    });

    test('release removes directories that are deeper than any path may be, also closed ones', async () => {
      const [{ leaseId }, { leaseId: other }] = await Promise.all([acquire(fixture), acquire(fixture)]);
      const deeper = 'mkdir -p "$d" && cd -P "$d" || exit 1';
      const deep = `d=$(printf '%0200d' 0); for i in $(seq 60); do ${deeper}; done; echo x > file; chmod 000 ../"$d"`;
      expect(await run(fixture, leaseId, deep)).toMatchObject({ status: 'ok' });
      await fixture.sandbox.release(leaseId);
      expect(await fixture.leftovers(leaseId)).toEqual([]);
      await fixture.sandbox.release(other);
      expect(await fixture.leftovers(other)).toEqual([]);
    });

    test('release ends a step that runs', async () => {
      const { leaseId } = await acquire(fixture);
      const running = run(fixture, leaseId, 'echo x > begun; sleep 306');
      await run(fixture, leaseId, 'until [ -e begun ]; do sleep 0.02; done');
      await fixture.sandbox.release(leaseId);
      expect(await running).toMatchObject({ status: 'lost' });
      expect(await fixture.leftovers(leaseId)).toEqual([]);
    });

    test('releasing twice, or a lease that never was, is fine', async () => {
      const { leaseId } = await acquire(fixture);
      await fixture.sandbox.release(leaseId);
      await fixture.sandbox.release(leaseId);
      await fixture.sandbox.release(nextLease());
    });

    test('a lease that was never acquired is lost to every call', async () => {
      const leaseId = lease('nobody.1');
      const { gitDir, commit } = fixture;
      expect(await run(fixture, leaseId, 'true')).toMatchObject({ status: 'lost', adopted: false });
      await expect(checkpointOf(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
      await expect(fixture.sandbox.restore(leaseId, { gitDir, commit })).rejects.toMatchObject({
        code: 'sandbox.lost',
      });
      expect(await fixture.sandbox.began(leaseId, step('any'))).toBe(false);
      await fixture.sandbox.cancel(leaseId, step('any'));
    });

    test('leases lists who holds what and whether it lives', async () => {
      const first = await acquire(fixture);
      const second = await acquire(fixture);
      await fixture.killKeeper(second.leaseId);
      const listed = await fixture.another().leases();
      expect(listed.toSorted((a, b) => a.leaseId.localeCompare(b.leaseId, 'en', { numeric: true }))).toEqual([
        { leaseId: first.leaseId, taskId: specOf(fixture, first.leaseId).taskId, alive: true },
        { leaseId: second.leaseId, taskId: specOf(fixture, second.leaseId).taskId, alive: false },
      ]);
    });

    test('a sandbox that died gives what it recorded, and else lost, and knows what had begun', async () => {
      const { leaseId } = await acquire(fixture);
      const watch = { signal: never, onOutput: () => undefined };
      const ended = shell('echo recorded');
      const running = shell('echo part; echo x > begun; sleep 307');
      const before = await fixture.sandbox.exec(leaseId, ended, watch);
      const followed = fixture.sandbox.exec(leaseId, running, watch);
      await run(fixture, leaseId, 'until [ -e begun ]; do sleep 0.02; done');
      const begun = (id: ReturnType<typeof step>) => fixture.another().began(leaseId, id);
      expect(await begun(running.stepId)).toBe(true);
      await fixture.killKeeper(leaseId);
      expect(await Promise.all([ended.stepId, running.stepId, step('never')].map(begun))).toEqual([
        true,
        true,
        false,
      ]);
      const lost = { status: 'lost', adopted: true, output: Buffer.from('part\n') };
      expect(await followed).toMatchObject(lost);
      expect(await fixture.sandbox.exec(leaseId, running, watch)).toMatchObject(lost);
      expect(await fixture.sandbox.exec(leaseId, ended, watch)).toEqual({ ...before, adopted: true });
      expect(await run(fixture, leaseId, 'echo new')).toMatchObject({
        status: 'lost',
        adopted: false,
        text: '',
      });
      await expect(acquire(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
      await expect(checkpointOf(fixture, leaseId)).rejects.toMatchObject({ code: 'sandbox.lost' });
    });

    test('when the trusted side dies, no process of the sandbox outlives it, and release clears the rest', async () => {
      const { leaseId } = await acquire(fixture);
      await run(fixture, leaseId, 'setsid sleep 308 & sleep 308 & true');
      await fixture.killKeeper(leaseId);
      await vi.waitFor(async () =>
        expect((await fixture.leftovers(leaseId)).filter((what) => what.startsWith('process'))).toEqual([]),
      );
      await fixture.sandbox.release(leaseId);
      expect(await fixture.leftovers(leaseId)).toEqual([]);
    });

    test('a sandbox whose commands have killed its runner is lost', async () => {
      const { leaseId } = await acquire(fixture);
      expect(await run(fixture, leaseId, 'kill -9 -1; kill -9 $(ps -e -o pid=); sleep 309')).toMatchObject({
        status: 'lost',
      });
      await vi.waitFor(async () =>
        expect(await run(fixture, leaseId, 'true')).toMatchObject({ status: 'lost' }),
      );
    });
  });
}

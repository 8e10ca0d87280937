import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LeaseId } from '../../contracts/ids.ts';
import {
  acquire,
  type MakeSandbox,
  never,
  nextLease,
  run,
  type SandboxFixture,
  shell,
  step,
} from './sandbox-support.ts';

/** How one command runs: its input, its output, its limits, and that it runs once. */
export function sandboxSteps(name: string, make: MakeSandbox): void {
  describe(`${name}: steps`, () => {
    let fixture: SandboxFixture;
    const leaseId: LeaseId = nextLease();
    beforeAll(async () => {
      fixture = await make();
      await acquire(fixture, leaseId);
    });
    afterAll(async () => {
      await fixture.sandbox.release(leaseId);
      await fixture.cleanup();
    });
    const sh = (line: string, more = {}) => run(fixture, leaseId, line, more);
    const exec = (wanted: ReturnType<typeof shell>, signal = never) =>
      fixture.sandbox.exec(leaseId, wanted, { signal, onOutput: () => undefined });
    const started = (file: string) =>
      vi.waitFor(async () => expect((await sh(`cat ${file}`)).text).not.toBe(''), {
        timeout: 10_000,
        interval: 50,
      });

    test('a command that ends with 0 is ok, any other exit code is failed and told', async () => {
      expect(await sh('exit 0')).toMatchObject({ status: 'ok', exitCode: 0, signal: null });
      expect(await sh('exit 3')).toMatchObject({ status: 'failed', exitCode: 3, signal: null });
    });

    test('a command that a signal ends is failed and names the signal', async () => {
      expect(await sh('kill -9 $$')).toMatchObject({ status: 'failed', signal: 'SIGKILL' });
    });

    test('a command that does not exist is failed, not an error', async () => {
      const result = await sh('', { argv: ['no-such-command'] });
      expect(result).toMatchObject({ status: 'failed', exitCode: 127 });
    });

    test('words reach the command as they are, without a shell', async () => {
      const words = ["it's", '$HOME', '`id`', 'a b', '', '*', '-n', '\\', 'ä\nö', '"'] as const;
      const result = await sh('', { argv: ['printf', '<%s>', ...words] });
      expect(result.text).toBe(words.map((word) => `<${word}>`).join(''));
    });

    test('standard output and error come interleaved as they were written', async () => {
      const line = 'for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; done';
      expect((await sh(line)).text).toBe([1, 2, 3, 4, 5].map((i) => `out${i}\nerr${i}\n`).join(''));
    });

    test('every byte value comes through', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
      const { output } = await exec(shell('cat', { stdin: bytes }));
      expect(Buffer.from(output).equals(bytes)).toBe(true);
    });

    test('without standard input a command reads its end at once', async () => {
      expect(await sh('cat; echo done')).toMatchObject({ status: 'ok', text: 'done\n' });
    });

    test('two megabytes of standard input arrive whole', async () => {
      const stdin = Buffer.alloc(2_000_000, 'input ');
      expect((await sh('wc -c', { stdin })).text.trim()).toBe('2000000');
    });

    test('twenty megabytes of output arrive whole', async () => {
      const { output, status } = await exec(
        shell('head -c 20000000 /dev/zero | tr "\\0" x', { maxOutputBytes: 30_000_000 }),
      );
      expect(status).toBe('ok');
      expect(output.byteLength).toBe(20_000_000);
      expect(Buffer.from(output).equals(Buffer.alloc(20_000_000, 'x'))).toBe(true);
    });

    test('output that reaches the limit exactly is no failure', async () => {
      expect(await sh('printf 12345', { maxOutputBytes: 5 })).toMatchObject({ status: 'ok', text: '12345' });
    });

    test('a command that writes without end is ended at the limit, with what it wrote so far', async () => {
      const result = await sh('yes', { maxOutputBytes: 100_000 });
      expect(result).toMatchObject({ status: 'failed', outputLimit: true });
      expect(result.text.length).toBe(100_000);
    });

    test('a step whose runner was silenced ends as lost, soon after its time', async () => {
      const own = nextLease();
      await acquire(fixture, own);
      await run(fixture, own, '(sleep 0.1; kill -STOP $(pgrep -P 1)) & sleep 0.3');
      const result = await run(fixture, own, 'echo never told', { timeoutMs: 1000 });
      expect(result.status).toBe('lost');
      await fixture.sandbox.release(own);
    });

    test('the environment of a step holds its variables and a few fixed ones, nothing of the host', async () => {
      const { text } = await sh('env', { env: { LENT: "a'b\nc" } });
      expect(text).toContain("LENT=a'b\nc\n");
      const names = text.split('\n').flatMap((line) => /^([A-Za-z_]+)=/.exec(line)?.[1] ?? []);
      const expected = [
        'CI',
        'GIT_PAGER',
        'HOME',
        'LANG',
        'LENT',
        'NO_COLOR',
        'PAGER',
        'PATH',
        'PYTHONDONTWRITEBYTECODE',
        'TERM',
        'TMPDIR',
      ];
      const byShell = ['LONGHAUL_STEP_ID', 'LONGHAUL_STEP_NAME', 'OLDPWD', 'PWD', 'SHLVL', '_'];
      expect(names.filter((variable) => !byShell.includes(variable)).sort()).toEqual(expected);
    });

    test('an environment name that no shell can set is refused before anything runs', async () => {
      await expect(sh('touch ran', { env: { 'a-b': '1' } })).rejects.toMatchObject({ code: 'usage.invalid' });
      expect((await sh('ls ran')).status).toBe('failed');
    });

    test('the working directory is relative to the workspace', async () => {
      expect((await sh('pwd', { cwd: 'sub/deep' })).text).toMatch(/\/sub\/deep\n$/);
    });

    test.each(['..', 'sub/../../..', '/', '/etc', 'missing', 'README.md'])(
      'the working directory %s is refused as a failed step',
      async (cwd) => {
        const result = await sh('echo ran', { cwd });
        expect(result).toMatchObject({ status: 'failed', exitCode: 126 });
        expect(result.text).not.toContain('ran\n');
      },
    );

    test('a working directory that is a link out of the workspace is refused as a failed step', async () => {
      await sh('ln -s /etc out');
      expect(await sh('echo ran', { cwd: 'out' })).toMatchObject({ status: 'failed', exitCode: 126 });
    });

    test('the same id runs once: the second call gives the recorded result', async () => {
      const wanted = shell('echo x >> once; cat once');
      const first = await exec(wanted);
      const second = await exec({ ...wanted, argv: ['sh', '-c', 'echo other >> once'] });
      expect(first.adopted).toBe(false);
      expect(second).toEqual({ ...first, adopted: true, output: second.output });
      expect(Buffer.from(second.output).toString()).toBe('x\n');
      expect((await sh('cat once')).text).toBe('x\n');
    });

    test('two calls at the same moment run the command once and both get its result', async () => {
      const wanted = shell('echo x >> both; sleep 0.2; cat both');
      const results = await Promise.all([exec(wanted), exec(wanted)]);
      expect(results.map(({ output }) => Buffer.from(output).toString())).toEqual(['x\n', 'x\n']);
      expect(results.map(({ adopted }) => adopted).sort()).toEqual([false, true]);
    });

    test('another client follows a step that still runs', async () => {
      const wanted = shell(
        'echo begun > begun; while [ ! -e go ]; do sleep 0.05; done; echo x >> follow; cat follow',
      );
      const first = exec(wanted);
      await started('begun');
      const second = fixture.another().exec(leaseId, wanted, { signal: never, onOutput: () => undefined });
      await sh('touch go');
      expect(await second).toMatchObject({ status: 'ok', adopted: true });
      expect(Buffer.from((await first).output).toString()).toBe('x\n');
    });

    test('giving up the watching leaves the step running, and it can be followed again', async () => {
      const wanted = shell('echo begun > begun2; while [ ! -e go2 ]; do sleep 0.05; done; echo end');
      const controller = new AbortController();
      const first = exec(wanted, controller.signal);
      await started('begun2');
      controller.abort(new Error('worker shuts down'));
      await expect(first).rejects.toThrow('worker shuts down');
      await sh('touch go2');
      const again = await exec(wanted);
      expect(again).toMatchObject({ status: 'ok', adopted: true });
      expect(Buffer.from(again.output).toString()).toBe('end\n');
    });

    test('the last lines of a running step are shown while it runs', async () => {
      const tails: string[] = [];
      const wanted = shell('echo first; echo second; while [ ! -e go3 ]; do sleep 0.05; done');
      const result = fixture.sandbox.exec(leaseId, wanted, {
        signal: never,
        onOutput: (tail) => tails.push(tail),
      });
      await vi.waitFor(() => expect(tails.at(-1)).toBe('first\nsecond\n'), { timeout: 10_000 });
      await sh('touch go3');
      await result;
      expect(tails.every((tail) => Buffer.byteLength(tail) <= 4096)).toBe(true);
    });

    test('a time-out ends the command, its grandchildren, and one that ignores the polite signal', async () => {
      const result = await sh(
        'trap "" TERM; sh -c "trap \\"\\" TERM; while :; do sleep 0.1; done" & (setsid sh -c "echo \\$\\$; exec sleep 300") & while :; do sleep 0.1; done',
        { timeoutMs: 300 },
      );
      expect(result).toMatchObject({ status: 'timed_out', signal: 'SIGKILL' });
      expect((await sh('ps -e -o args= | grep -c "[s]leep 300\\|[t]rap"')).text).toBe('0\n');
    });

    test('a time-out also ends a process that has cleared its environment and left its session', async () => {
      await sh('env -i setsid sh -c "exec /bin/sleep 301" & sleep 60', { timeoutMs: 300 });
      expect((await sh('ps -e -o args= | grep -c "[s]leep 301"')).text).toBe('0\n');
    });

    test('a time-out leaves the background process of an earlier step alone', async () => {
      await sh('sleep 302 >/dev/null 2>&1 &');
      await sh('sleep 60', { timeoutMs: 200 });
      expect((await sh('ps -e -o args= | grep -c "[s]leep 302"')).text).toBe('1\n');
    });

    test('a step ends with its main process, though a child in the background holds its output', async () => {
      expect(await sh('(sleep 303; echo late) & echo now', { timeoutMs: 15_000 })).toMatchObject({
        status: 'ok',
        text: 'now\n',
      });
      await vi.waitFor(async () =>
        expect((await sh('ps -e -o args= | grep -c "^[s]leep 303"')).text).toBe('1\n'),
      );
    });

    test('a background process may go on writing after its step without dying of it', async () => {
      await sh('(while :; do echo tick || echo broken > broken; echo t >> ticks; sleep 0.02; done) & echo');
      await vi.waitFor(
        async () => expect((await sh('wc -l < ticks')).text.trim().length).toBeGreaterThan(1),
        {
          timeout: 10_000,
        },
      );
      expect((await sh('ls broken')).status).toBe('failed');
    });

    test('cancel ends a running step with all its processes', async () => {
      const wanted = shell('echo begun > begun4; sleep 304 & sleep 304');
      const running = exec(wanted);
      await started('begun4');
      await fixture.another().cancel(leaseId, wanted.stepId);
      expect(await running).toMatchObject({ status: 'cancelled' });
      expect((await sh('ps -e -o args= | grep -c "[s]leep 304"')).text).toBe('0\n');
    });

    test('cancelling a step that has ended, or never was, does nothing', async () => {
      const wanted = shell('echo x');
      const result = await exec(wanted);
      await fixture.sandbox.cancel(leaseId, wanted.stepId);
      await fixture.sandbox.cancel(leaseId, step('never'));
      expect(await exec(wanted)).toEqual({ ...result, adopted: true, output: result.output });
    });

    test('the interrupt signal works in commands as it does in a terminal', async () => {
      expect((await sh('sh -c "trap \\"echo caught; exit 7\\" INT; kill -INT \\$\\$; sleep 5"')).text).toBe(
        'caught\n',
      );
    });
  });
}

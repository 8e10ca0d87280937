import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acquire, type MakeSandbox, nextLease, run, type SandboxFixture } from './sandbox-support.ts';

/** What commands cannot see, reach or keep. */
export function sandboxWalls(name: string, make: MakeSandbox): void {
  describe(`${name}: walls`, () => {
    let fixture: SandboxFixture;
    let listener: Server;
    let port = 0;
    const leaseId = nextLease();
    const neighbour = nextLease();
    beforeAll(async () => {
      fixture = await make();
      await acquire(fixture, leaseId);
      await acquire(fixture, neighbour);
      listener = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
      await new Promise((resolve) => listener.once('listening', resolve));
      const address = listener.address();
      port = typeof address === 'object' && address !== null ? address.port : 0;
    });
    afterAll(async () => {
      listener.close();
      await fixture.sandbox.release(leaseId);
      await fixture.sandbox.release(neighbour);
      await fixture.cleanup();
    });
    const sh = (line: string, more = {}) => run(fixture, leaseId, line, more);

    test('a command cannot trace what starts steps and reports their end', async () => {
      const tracer = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def session(pid):
    return open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[3]
attach = 16
for pid in [pid for pid in os.listdir('/proc') if pid.isdigit() and session(pid) == session(1)]:
    print(libc.ptrace(attach, int(pid), 0, 0), os.strerror(ctypes.get_errno()))`;
      const { text } = await sh('', { argv: ['python3', '-c', tracer] });
      const lines = text.trim().split('\n');
      expect(lines.length).toBeGreaterThanOrEqual(3);
      expect(lines.filter((line) => line !== '-1 Operation not permitted')).toEqual([]);
    });

    test('a command cannot write into the memory of what starts and reports steps, nor open its descriptors', async () => {
      const intruder = `
import os
def session(pid):
    return open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[3]
def attempt(what, act):
    try:
        act()
        return what + ' open'
    except PermissionError:
        return what + ' refused'
pids = [pid for pid in os.listdir('/proc') if pid.isdigit() and session(pid) == session(1)]
for pid in pids:
    print(attempt('memory', lambda: open(f'/proc/{pid}/mem', 'r+b', 0)))
    print(attempt('descriptors', lambda: os.readlink(f'/proc/{pid}/fd/1')))`;
      const { text } = await sh('', { argv: ['python3', '-c', intruder] });
      const lines = text.trim().split('\n');
      // The first process, the runner, and who waits for this step.
      expect(lines.length).toBeGreaterThanOrEqual(6);
      expect(lines.filter((line) => !line.endsWith('refused'))).toEqual([]);
    });

    test('a process whose parent has ended leaves nothing behind when it ends', async () => {
      await sh('for i in 1 2 3; do (sleep 0.01 &) ; done; sleep 0.2');
      expect((await sh('ps -e -o stat= | grep -c Z')).text).toBe('0\n');
    });

    test('nothing inside tells where the sandbox lies on the host', async () => {
      const { text } = await sh("tr '\\\\0' '\\\\n' < /proc/1/environ; env");
      expect(text).not.toContain('leases');
    });

    test('a listener of the host on the loopback address is out of reach', async () => {
      const { text } = await sh(
        `python3 -c "import socket; s=socket.create_connection(('127.0.0.1', ${port}), 3); print(s.recv(9))" 2>&1`,
      );
      expect(text).toContain('refused');
    });

    test.each(['1.1.1.1', '169.254.169.254', '10.0.0.1'])('there is no route to %s', async (address) => {
      const { text } = await sh(
        `python3 -c "import socket; socket.create_connection(('${address}', 80), 3)" 2>&1 | tail -1`,
      );
      expect(text).toMatch(/unreachable|refused|timed out|no route/i);
    });

    test('sockets that know no network namespace cannot be made', async () => {
      const { text } = await sh(
        'python3 -c "import socket; socket.socket(40, socket.SOCK_STREAM)" 2>&1 | tail -1',
      );
      expect(text).toMatch(/PermissionError|not supported/);
    });

    test('an abstract socket of the host is out of reach', async () => {
      const host = createServer((socket) => socket.end('reached')).listen({
        path: `\0longhaul-test-${process.pid}`,
      });
      await new Promise((resolve) => host.once('listening', resolve));
      const { text } = await sh(
        `python3 -c "import socket; s=socket.socket(socket.AF_UNIX); s.connect('\\0longhaul-test-${process.pid}'); print(s.recv(9))" 2>&1 | tail -1`,
      );
      host.close();
      expect(text).toContain('refused');
    });

    test('directories of the trusted side do not exist inside', async () => {
      for (const hidden of [...fixture.hidden, '/root/.ssh', '/run/docker.sock']) {
        expect(await sh(`ls -d '${hidden}'`), hidden).toMatchObject({ status: 'failed' });
      }
    });

    test('home is an empty directory of the lease', async () => {
      expect(await sh('ls -A ~ && touch ~/x && rm ~/x')).toMatchObject({ status: 'ok', text: '' });
    });

    test('processes of the host and of other leases are not to be seen', async () => {
      const { text } = await sh('ps -e -o args=');
      expect(text).not.toMatch(/vitest|node |keeper/);
      // It may take its own sandbox with it, and nothing else.
      await run(fixture, neighbour, 'kill -9 -1');
      expect((await sh('echo alive')).text).toBe('alive\n');
    });

    test('a command has no capability, no new privilege, a system call filter and no root', async () => {
      const { text } = await sh('cat /proc/self/status; id -u');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        expect(text).toMatch(new RegExp(`${set}:\\s+0+\\n`));
      }
      expect(text).toMatch(/NoNewPrivs:\s+1/);
      expect(text).toMatch(/Seccomp:\s+2/);
      expect(text.trim().split('\n').at(-1)).not.toBe('0');
    });

    test.each([
      'unshare -U true',
      'unshare -m true',
      'mount -t tmpfs none /tmp',
      'mount -o remount,rw /usr',
      'touch /usr/x',
      'touch /etc/x',
      'echo x > /proc/sys/kernel/core_pattern',
      'echo b > /proc/sysrq-trigger',
      'mknod /tmp/disk b 8 0',
      'chroot / true',
      'nsenter -t 1 -m true',
      'cat /dev/kvm',
      'cat /proc/kcore',
    ])('%s is refused', async (line) => {
      expect((await sh(line)).status).toBe('failed');
    });

    test('a new user namespace is refused to clone as well', async () => {
      const { text } = await sh(
        'python3 -c "import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.syscall(56, 0x10000011, 0, 0, 0, 0), ctypes.get_errno())"',
      );
      expect(text.trim()).toMatch(process.arch === 'x64' ? /^-1 1$/ : /^-1/);
    });

    test('a command has its three standard descriptors and no other', async () => {
      const { text } = await sh('', { argv: ['ls', '/proc/self/fd'] });
      // The listing itself is open as 3.
      expect(text).toBe('0\n1\n2\n3\n');
    });

    test('there is no core file and no controlling terminal', async () => {
      expect((await sh('ulimit -c')).text).toBe('0\n');
      expect((await sh('echo x > /dev/tty')).status).toBe('failed');
    });

    test('git works in the workspace and cannot be written to', async () => {
      expect(await sh('git status --porcelain && git log --oneline && git show --stat HEAD')).toMatchObject({
        status: 'ok',
      });
      for (const line of [
        'git commit --allow-empty -m x',
        'git config user.name x',
        'touch .git/hooks',
        'rm -rf .git/HEAD',
        'mv .git git',
        'rm -rf .git',
        'git update-ref refs/heads/x HEAD',
      ]) {
        expect((await sh(line)).status, line).toBe('failed');
      }
      expect(await sh('git status --porcelain')).toMatchObject({ status: 'ok', text: '' });
    });

    test('what waits for a later step cannot be listed', async () => {
      expect(
        (
          await sh('find /run/longhaul -type f -o -type p 2>/dev/null | grep -vE "/(runner.sh|sh)$" | wc -l')
        ).text.trim(),
      ).toBe('0');
    });

    test('memory beyond the limit ends the step and says so, and the next step works', async () => {
      const result = await sh('python3 -c "x = [bytearray(1 << 20) for i in range(4000)]"');
      expect(result).toMatchObject({ status: 'failed', memoryLimit: true });
      expect(await sh('echo fine')).toMatchObject({ status: 'ok', text: 'fine\n' });
    });

    test('a fork bomb ends as failed, with nothing left of it, and the next step works', async () => {
      const bomb = 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n';
      const result = await sh('cat > /tmp/bomb.py; python3 /tmp/bomb.py', {
        stdin: Buffer.from(bomb),
        timeoutMs: 25_000,
      });
      expect(result.status).toBe('failed');
      expect((await sh('ps -e -o args= | grep -c "[b]omb"')).text).toBe('0\n');
    });

    test('a fork bomb in the background of a step that ends at once has an end too', async () => {
      const bomb =
        'import os,time\nt=time.time()\nwhile time.time()-t<30:\n  try: os.fork()\n  except OSError: pass\n';
      await sh('cat > /tmp/bomb2.py; python3 /tmp/bomb2.py >/dev/null 2>&1 & sleep 0.5', {
        stdin: Buffer.from(bomb),
      });
      expect((await sh('ps -e -o args= | grep -c "[b]omb2"')).text).toBe('0\n');
    });
  });
}

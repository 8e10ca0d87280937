import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SandboxSetup, SetupProgress } from '../../contracts/sandbox.ts';
import {
  checkpointOf,
  digest,
  type MakeSandbox,
  nextLease,
  quiet,
  run,
  type SandboxFixture,
  specOf,
} from './sandbox-support.ts';

/** The phase before the first command: network to listed hosts, once. */
export function sandboxSetup(name: string, make: MakeSandbox): void {
  describe(`${name}: setup`, () => {
    let fixture: SandboxFixture;
    let server: Server;
    let origin = '';
    let requests: string[] = [];
    beforeAll(async () => {
      server = createServer((incoming, response) => {
        requests.push(incoming.url ?? '');
        response.end('from the host\n');
      }).listen(0, '0.0.0.0');
      await new Promise((resolve) => server.once('listening', resolve));
    });
    afterAll(() => {
      server.close();
    });
    beforeEach(async () => {
      requests = [];
      fixture = await make();
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      origin = `${fixture.hostAddress}:${port}`;
    });
    afterEach(async () => {
      for (const { leaseId } of await fixture.sandbox.leases()) await fixture.sandbox.release(leaseId);
      await fixture.cleanup();
    });

    const setup = (commands: readonly string[], more: Partial<SandboxSetup> = {}): SandboxSetup => ({
      commands,
      hosts: [],
      digest: digest('a'),
      timeoutMs: 60_000,
      ...more,
    });
    const prepare = (wanted: SandboxSetup, leaseId = nextLease(), seen: SetupProgress[] = []) =>
      fixture.sandbox.acquire(specOf(fixture, leaseId, wanted), {
        ...quiet,
        onProgress: (one) => seen.push(one),
      });
    /** Fetches by the proxy of the environment, for the loopback address too. */
    const fetchLine = (url: string): string =>
      `python3 -c "import urllib.request as u; u.getproxies=u.getproxies_environment; u.proxy_bypass=lambda h: False; print(u.urlopen('${url}').read().decode(), end='')"`;

    test('commands run in order in the workspace, and what they leave is there for steps', async () => {
      const { leaseId, setupReused, setupDigest } = await prepare(
        setup([
          'mkdir ignored && echo one > ignored/x',
          'echo two >> ignored/x; echo home > ~/h; pwd > ignored/pwd',
        ]),
      );
      expect({ setupReused, setupDigest }).toEqual({ setupReused: false, setupDigest: digest('a') });
      expect((await run(fixture, leaseId, 'cat ignored/x ~/h')).text).toBe('one\ntwo\nhome\n');
    });

    test('a second lease with the same digest gets the kept result, and no command runs again', async () => {
      const wanted = setup(
        [`${fetchLine(`http://${origin}/once`)} > a.log; echo tool > ~/tool; ln -s /etc ~/link`],
        {
          hosts: [origin],
        },
      );
      await prepare(wanted);
      const second = await prepare(wanted);
      expect(second).toMatchObject({ setupReused: true, adopted: false });
      expect((await run(fixture, second.leaseId, 'cat a.log ~/tool; readlink ~/link')).text).toBe(
        'from the host\ntool\n/etc\n',
      );
      expect(requests).toEqual(['/once']);
    });

    test('another digest runs its commands', async () => {
      await prepare(setup(['echo one > a.log']));
      const other = await prepare(setup(['echo two > a.log'], { digest: digest('b') }));
      expect(other.setupReused).toBe(false);
      expect((await run(fixture, other.leaseId, 'cat a.log')).text).toBe('two\n');
    });

    test('tracked files are as in the base afterwards, and new ones are no part of the task, reused or not', async () => {
      const wanted = setup([
        'echo changed > README.md; rm dir/file; mkdir "odd [dir]"; echo x > "odd [dir]/!x #"; echo y > made',
      ]);
      for (const reused of [false, true]) {
        const { leaseId, setupReused } = await prepare(wanted);
        expect(setupReused).toBe(reused);
        expect((await run(fixture, leaseId, 'cat README.md dir/file made "odd [dir]/!x #"')).text).toBe(
          '# Sample\ninside\ny\nx\n',
        );
        expect((await run(fixture, leaseId, 'git status --porcelain')).text).toBe('');
        expect(await checkpointOf(fixture, leaseId)).toMatchObject({ pack: null, leftOut: [] });
      }
    });

    test('a kept result is not written through a link that the base of a later lease has', async () => {
      const wanted = setup(['mkdir -p ignored/deep; echo x > ignored/deep/x']);
      await prepare(wanted);
      const second = await prepare(wanted);
      expect((await run(fixture, second.leaseId, 'cat ignored/deep/x')).text).toBe('x\n');
    });

    test('the first failing command ends the setup with its words, and leaves nothing', async () => {
      const leaseId = nextLease();
      const wanted = setup(['echo fine', 'echo what went wrong >&2; exit 9', 'echo never > ~/x']);
      await expect(prepare(wanted, leaseId)).rejects.toMatchObject({
        code: 'sandbox.setup_failed',
        message: expect.stringMatching(/command 2 of 3[\s\S]*exit code 9[\s\S]*what went wrong/),
        details: expect.objectContaining({ exitCode: 9, lastLines: 'what went wrong' }),
      });
      expect(await fixture.leftovers(leaseId)).toEqual([]);
    });

    test('a failed setup may be tried again under the same lease', async () => {
      const leaseId = nextLease();
      await expect(prepare(setup(['false']), leaseId)).rejects.toMatchObject({
        code: 'sandbox.setup_failed',
      });
      expect(await prepare(setup(['true']), leaseId)).toMatchObject({ adopted: false, setupReused: false });
    });

    test('a setup that takes too long is ended', async () => {
      const wanted = setup(['sleep 310'], { timeoutMs: 300 });
      await expect(prepare(wanted)).rejects.toMatchObject({
        code: 'sandbox.setup_failed',
        message: expect.stringContaining('time for setup'),
      });
    });

    test('progress shows the command and its last lines', async () => {
      const seen: SetupProgress[] = [];
      await prepare(setup(['echo working; sleep 1.5']), nextLease(), seen);
      expect(seen.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['setup', 'start']));
      expect(seen.some(({ tail }) => tail.includes('echo working') && tail.includes('\nworking'))).toBe(true);
    });

    test('a listed host and port is reached, by plain requests and by tunnels', async () => {
      const [host, port] = origin.split(':');
      const tunnel = `python3 -c "import http.client as h, os; c=h.HTTPConnection('127.0.0.1', int(os.environ['HTTPS_PROXY'].rsplit(':',1)[1])); c.set_tunnel('${host}', ${port}); c.request('GET', '/tunnel'); print(c.getresponse().read().decode(), end='')"`;
      const { leaseId } = await prepare(
        setup([`${fetchLine(`http://${origin}/plain`)} > a.log`, `${tunnel} >> a.log`], { hosts: [origin] }),
      );
      expect((await run(fixture, leaseId, 'cat a.log')).text).toBe('from the host\nfrom the host\n');
      expect(requests).toEqual(['/plain', '/tunnel']);
    });

    test('a host that is not listed is refused, and the error names it', async () => {
      const wanted = setup([fetchLine(`http://${origin}/x`)], { hosts: ['registry.example.com'] });
      await expect(prepare(wanted)).rejects.toMatchObject({
        code: 'sandbox.setup_failed',
        message: expect.stringContaining(`${origin} (not_listed)`),
      });
      expect(requests).toEqual([]);
    });

    test('a private address behind a listed name is refused unless that very port is listed', async () => {
      const wanted = setup([fetchLine('http://localhost/x')], { hosts: ['localhost'] });
      await expect(prepare(wanted)).rejects.toMatchObject({
        message: expect.stringContaining('localhost:80 (private_address)'),
      });
      expect(requests).toEqual([]);
    });

    test('without listed hosts there is no way out at all', async () => {
      const line = `env | grep -i proxy; python3 -c "import socket; socket.create_connection(('${fixture.hostAddress}', ${origin.split(':')[1]}), 3)"`;
      await expect(prepare(setup([line]))).rejects.toMatchObject({ code: 'sandbox.setup_failed' });
    });

    test('after setup there is neither network nor proxy, and no process of it', async () => {
      const { leaseId } = await prepare(
        setup(['(while :; do sleep 1; done) & echo x > /tmp/left'], { hosts: [origin] }),
      );
      const { text } = await run(
        fixture,
        leaseId,
        'env | grep -i proxy; ls /run/longhaul; ls -A /tmp; ps -e -o comm=',
      );
      expect(text).toMatch(/^control\n(?:runner.sh\n)?(?:sh|shell)\n(?:sh|ps|\n)+$/);
      expect(
        (
          await run(
            fixture,
            leaseId,
            `python3 -c "import socket; socket.create_connection(('127.0.0.1', 3128), 3)"`,
          )
        ).status,
      ).toBe('failed');
    });

    test('a host that cannot be read is refused before anything runs', async () => {
      await expect(prepare(setup(['true'], { hosts: ['http://x/'] }))).rejects.toMatchObject({
        code: 'usage.invalid',
      });
    });
  });
}

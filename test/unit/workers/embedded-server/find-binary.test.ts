import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cachedBinary, findServerBinary } from '../../../../workers/embedded-server/find-binary.ts';
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts';

const good = 'echo "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"';
const nowhere = { infoUrl: 'http://127.0.0.1:1/info', checksumsUrl: 'http://127.0.0.1:1/sums' };

function program(file: string, body: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

/** A machine with a PATH of its own, where `tar` and a shell are and nothing else. */
async function machine() {
  const directory = await temporaryDirectory();
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const env = { PATH: bin, HOME: directory, XDG_CACHE_HOME: join(directory, 'cache') };
  const lines: string[] = [];
  return { directory, bin, env, lines, report: (line: string) => lines.push(line) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A release server as the real ones are: an answer that names the archive, the archive, and the checksums. */
async function releaseServer(directory: string, digest?: string) {
  program(join(directory, 'release', 'temporal'), good);
  const archive = join(directory, 'temporal_cli_1.8.2_linux_amd64.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', join(directory, 'release'), 'temporal']);
  const bytes = readFileSync(archive);
  const sum = digest ?? createHash('sha256').update(bytes).digest('hex');
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { host } = request.headers;
    const url = new URL(request.url ?? '', `http://${host}`);
    asked.push(`${url.pathname}${url.search}`);
    if (url.pathname === '/info') {
      const archiveUrl = `http://${host}/temporal_cli_1.8.2_linux_amd64.tar.gz?x=1`;
      response.end(JSON.stringify({ archiveUrl, fileToExtract: 'temporal' }));
    } else if (url.pathname === '/sums') {
      response.end(`${'0'.repeat(64)}  other.tar.gz\n${sum}  temporal_cli_1.8.2_linux_amd64.tar.gz\n`);
    } else response.end(bytes);
  });
  const base = `http://127.0.0.1:${await listen(server)}`;
  return { asked, sources: { infoUrl: `${base}/info`, checksumsUrl: `${base}/sums` } };
}

test('`temporal` on PATH comes first', async () => {
  const { env, bin } = await machine();
  program(join(bin, 'temporal'), good);
  program(cachedBinary(env), good);
  const found = await findServerBinary({ env, sources: nowhere });
  expect(found).toEqual({ path: join(bin, 'temporal'), source: 'path', cli: '1.8.2', server: '1.31.2' });
});

test('one on PATH that is too old gives way to the one in the cache', async () => {
  const { env, bin } = await machine();
  program(join(bin, 'temporal'), 'echo "temporal version 1.0.0 (Server 1.24.0, UI 2.1.0)"');
  program(cachedBinary(env), good);
  expect(await findServerBinary({ env, sources: nowhere })).toMatchObject({ source: 'cache' });
});

test('a relative entry of PATH is not looked at: it would run what a repository holds', async () => {
  const { env, directory } = await machine();
  program(join(directory, 'repository', 'temporal'), good);
  program(cachedBinary(env), good);
  const relativeEntry = relative(process.cwd(), join(directory, 'repository'));
  const found = await findServerBinary({
    env: { ...env, PATH: `${relativeEntry}:${env.PATH}` },
    sources: nowhere,
  });
  expect(found.source).toBe('cache');
});

test('without both it is downloaded once, checked, and kept', async () => {
  const { env, directory } = await machine();
  const { asked, sources } = await releaseServer(directory);
  const found = await findServerBinary({ env, sources });
  expect(found).toMatchObject({ source: 'download', path: cachedBinary(env) });
  expect(asked[0]).toMatch(/^\/info\?arch=(amd64|arm64)&platform=(linux|darwin)&format=tar.gz$/);
  expect(await findServerBinary({ env, sources: nowhere })).toMatchObject({ source: 'cache' });
  expect(readdirSync(dirname(cachedBinary(env)))).toEqual(['temporal']);
});

test('the download goes through the proxy that the environment names', async () => {
  const { env, directory } = await machine();
  const { sources } = await releaseServer(directory);
  const tunnelled: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, client: Socket) => {
    tunnelled.push(request.url ?? '');
    const server = connect(Number(new URL(sources.infoUrl).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    for (const socket of [client, server]) socket.on('error', () => {});
  });
  const port = await listen(proxy);
  const elsewhere = { infoUrl: 'http://release.invalid/info', checksumsUrl: 'http://release.invalid/sums' };
  const proxied = { ...env, HTTP_PROXY: `http://127.0.0.1:${port}` };
  expect(await findServerBinary({ env: proxied, sources: elsewhere })).toMatchObject({ source: 'download' });
  expect(new Set(tunnelled)).toEqual(new Set(['release.invalid:80']));
});

test('of two that want it at once one downloads it', async () => {
  const { env, directory } = await machine();
  const { asked, sources } = await releaseServer(directory);
  await Promise.all([findServerBinary({ env, sources }), findServerBinary({ env, sources })]);
  expect(asked.filter((path) => path.startsWith('/info'))).toHaveLength(1);
});

test('what a killed download or build left behind goes with the next one', async () => {
  const { env, directory } = await machine();
  const { sources } = await releaseServer(directory);
  const cache = dirname(cachedBinary(env));
  mkdirSync(join(cache, 'download-x'), { recursive: true });
  writeFileSync(join(cache, 'temporal.build-1'), '');
  await findServerBinary({ env, sources });
  expect(readdirSync(cache)).toEqual(['temporal']);
});

test('a download with another digest is not kept and never run', async () => {
  const { env, directory } = await machine();
  const { sources } = await releaseServer(directory, 'f'.repeat(64));
  await expect(findServerBinary({ env, sources })).rejects.toMatchObject({
    code: 'server.missing',
    message: expect.stringContaining(`the release says ${'f'.repeat(64)}`),
  });
  expect(existsSync(cachedBinary(env))).toBe(false);
});

test('without network it is built with Go, and the steps are reported', async () => {
  const { env, bin, report, lines } = await machine();
  program(
    join(bin, 'go'),
    `if [ "$1" = env ]; then printf 'go1.99.0\\nlocal\\n'; exit 0; fi
echo "go: downloading example.com/a v1.0.0" >&2
echo example.com/a >&2
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n%s\\n' '${good}' > "$2"
/bin/chmod 755 "$2"`,
  );
  const found = await findServerBinary({ env, report, sources: nowhere });
  expect(found).toMatchObject({ source: 'build', path: cachedBinary(env) });
  expect(lines[0]).toContain('with Go');
  expect(lines.at(-1)).toContain('is ready');
});

test('when nothing works, one error lists what was tried and the ways to get one', async () => {
  const { env, bin } = await machine();
  program(join(bin, 'go'), "printf 'go1.20.0\\nlocal\\n'");
  const failing = findServerBinary({ env, sources: nowhere });
  await expect(failing).rejects.toMatchObject({ code: 'server.missing' });
  const message = await failing.catch((error: Error) => error.message);
  for (const part of [
    '`temporal` on PATH: there is none',
    `there is none at ${cachedBinary(env)}`,
    'download: fetch failed',
    'Go build: Go 1.20.0 is on PATH, and 1.26',
    'https://docs.temporal.io/cli',
    'TEMPORAL_ADDRESS',
  ]) {
    expect(message).toContain(part);
  }
});

test('a build that fails says how, and leaves nothing behind', async () => {
  const { env, bin } = await machine();
  program(
    join(bin, 'go'),
    `[ "$1" = env ] && printf 'go1.99.0\\nlocal\\n' && exit 0; while [ "$1" != -o ]; do shift; done; : > "$2"; echo 'no space left' >&2; exit 1`,
  );
  await expect(findServerBinary({ env, sources: nowhere })).rejects.toThrow(
    'go build ended with 1: no space left',
  );
  expect(readdirSync(dirname(cachedBinary(env)))).toEqual([]);
});

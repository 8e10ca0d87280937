import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const bin = fileURLToPath(new URL('../../../bin/', import.meta.url));
const pinned = '24.99.0';

const program = `const [, file, verb] = process.argv;
console.log(JSON.stringify({ file, verb, parent: process.ppid, old: process.version.startsWith('v20') }));
if (verb === 'exit') process.exit(7);
if (verb === 'wait') setTimeout(() => {}, 60_000);
`;

/** An installation that holds the launcher, a program, and a link to this Node as the pinned one. */
async function installation(main: 'cli/main.ts' | 'dist/cli/main.js') {
  const directory = await temporaryDirectory();
  cpSync(bin, join(directory, 'bin'), { recursive: true });
  const manifest = { type: 'module', dependencies: { node: pinned } };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  mkdirSync(join(directory, main, '..'), { recursive: true });
  writeFileSync(join(directory, main), program);
  const node = join(directory, 'node_modules', 'node');
  mkdirSync(join(node, 'bin'), { recursive: true });
  writeFileSync(join(node, 'package.json'), '{}');
  symlinkSync(process.execPath, join(node, 'bin', 'node'));
  return directory;
}

async function asVersion(directory: string, version: string): Promise<string[]> {
  const preload = join(directory, `${version}.cjs`);
  writeFileSync(preload, `Object.defineProperty(process, 'version', { value: '${version}' });`);
  return ['--require', preload];
}

function launch(
  directory: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
  link = 'bin/longhaul',
) {
  const child = spawn(process.execPath, [...nodeArgs, join(directory, link), ...args], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr, stdout }));
  return { child, ended, said: () => JSON.parse(stdout) };
}

test.each(['cli/main.ts', 'dist/cli/main.js'] as const)(
  'on the pinned Node %s runs in the same process',
  async (main) => {
    const directory = await installation(main);
    const { ended, said, child } = launch(directory, ['ls'], await asVersion(directory, 'v24.0.0'));
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(said()).toEqual({ file: join(directory, main), verb: 'ls', parent: process.pid, old: false });
    expect(child.pid).toBeGreaterThan(0);
  },
);

test('on another Node it runs on the pinned one, and its exit code is passed on', async () => {
  const directory = await installation('cli/main.ts');
  const { ended, said, child } = launch(directory, ['exit'], await asVersion(directory, 'v20.1.0'));
  expect(await ended).toMatchObject({ code: 7 });
  expect(said()).toMatchObject({ parent: child.pid, old: false });
});

test('a signal reaches the program, and how it ended is passed on', async () => {
  const directory = await installation('cli/main.ts');
  const { ended, child } = launch(directory, ['wait'], await asVersion(directory, 'v20.1.0'));
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test('a link from another folder runs the same program', async () => {
  const directory = await installation('cli/main.ts');
  symlinkSync(join(directory, 'bin/longhaul'), join(directory, 'link'));
  const { ended, said } = launch(directory, ['ls'], [], 'link');
  expect((await ended).code).toBe(0);
  expect(said()).toMatchObject({ file: join(directory, 'cli/main.ts') });
});

test.each(['v18.20.8', 'v12.22.12'])('%s gets one line that names it and what to do', async (version) => {
  const directory = await installation('cli/main.ts');
  const { ended } = launch(directory, ['ls'], await asVersion(directory, version));
  const { code, stderr, stdout } = await ended;
  expect(code).toBe(4);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    new RegExp(`^longhaul needs Node 20 or newer .* is ${version}\\. Install Node 24 .*\n$`),
  );
});

test.each([
  ['cli/main.ts', 'is not set up yet: its own Node 24.99.0 is missing. Run: npm run setup'],
  ['dist/cli/main.js', 'install longhaul again with install scripts allowed'],
] as const)('without the pinned Node %s is not run on another', async (main, message) => {
  const directory = await installation(main);
  rmSync(join(directory, 'node_modules'), { recursive: true });
  const { ended } = launch(directory, ['ls'], await asVersion(directory, 'v20.1.0'));
  expect(await ended).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining(message) });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bubblewrapPlan } from '../../../tools/setup/bubblewrap.mjs';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const fakeNpm = join(root, 'test/helpers/programs/fake-npm.js');

/** A checkout that holds set-up itself and a lock file; nothing is installed. */
async function checkout() {
  const directory = await temporaryDirectory();
  for (const path of ['tools/setup.mjs', 'tools/setup', 'workers/process-lock.mjs']) {
    cpSync(join(root, path), join(directory, path), { recursive: true });
  }
  const lock = (version: string) =>
    writeFileSync(
      join(directory, 'package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': { version } } }),
    );
  lock('1.0.0');
  const npmCalls = () => {
    const file = join(directory, 'npm-calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  return { directory, lock, npmCalls };
}

async function setUp(directory: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['tools/setup.mjs'], {
    cwd: directory,
    env: { ...process.env, npm_execpath: fakeNpm, ...env },
    // Open, as a terminal is: what waits for a key would wait for ever.
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, output };
}

test('packages are installed once, by npm ci, and a second set-up says nothing', async () => {
  const { directory, npmCalls } = await checkout();
  const first = await setUp(directory);
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('installing the packages') });
  expect(first.output).toContain('packages are ready');
  expect(await setUp(directory)).toEqual({ code: 0, output: expect.not.stringContaining('packages') });
  expect(npmCalls()).toEqual(['ci --no-audit --no-progress']);
});

test('another lock file installs again', async () => {
  const { directory, lock, npmCalls } = await checkout();
  await setUp(directory);
  lock('2.0.0');
  await setUp(directory);
  expect(npmCalls()).toHaveLength(2);
});

test('a lock file that npm install has carried out already does not', async () => {
  const { directory, lock, npmCalls } = await checkout();
  await setUp(directory);
  lock('2.0.0');
  cpSync(join(directory, 'package-lock.json'), join(directory, 'node_modules/.package-lock.json'));
  await setUp(directory);
  expect(npmCalls()).toHaveLength(1);
});

test('of two set-ups at once one installs', async () => {
  const { directory, npmCalls } = await checkout();
  const both = await Promise.all([setUp(directory), setUp(directory)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(npmCalls()).toHaveLength(1);
});

test('a failed installation shows what npm said and what to do, and the next one tries again', async () => {
  const { directory, npmCalls } = await checkout();
  const { code, output } = await setUp(directory, { FAKE_NPM: 'fails' });
  expect(code).toBe(4);
  expect(output).toContain('ECONNREFUSED planted');
  expect(output).toContain('run the same command again');
  expect((await setUp(directory)).code).toBe(0);
  expect(npmCalls()).toHaveLength(2);
});

test('a Node that is too old is named, with what to do', async () => {
  const { directory, npmCalls } = await checkout();
  mkdirSync(join(directory, 'preload'));
  const preload = join(directory, 'preload/old.cjs');
  const versions = "Object.defineProperty(process, 'versions', { value: { node: '18.20.8' } });";
  writeFileSync(preload, `${versions}\nObject.defineProperty(process, 'version', { value: 'v18.20.8' });`);
  const { code, output } = await setUp(directory, { NODE_OPTIONS: `--require=${preload}` });
  expect(code).toBe(4);
  expect(output).toMatch(/needs Node 20 or newer .* is v18\.20\.8\. Install Node 24/);
  expect(npmCalls()).toEqual([]);
});

const has = (...programs: string[]) => programs.includes.bind(programs);

test('where bubblewrap is, nothing is done', () => {
  expect(bubblewrapPlan({ has: has('bwrap', 'apt-get'), prefix: [] })).toBeUndefined();
});

test.each([
  ['apt-get', 'apt-get install -y -q --no-install-recommends bubblewrap'],
  ['dnf', 'dnf install -y bubblewrap'],
  ['apk', 'apk add --no-cache bubblewrap'],
  ['pacman', 'pacman -Sy --noconfirm bubblewrap'],
  ['zypper', 'zypper --non-interactive install bubblewrap'],
])('%s installs it as root without a question, and is told to a person who is not', (manager, command) => {
  const plan = bubblewrapPlan({ has: has(manager), prefix: ['sudo', '-n'] });
  const commands =
    plan !== undefined && 'commands' in plan ? plan.commands.map((words) => words.join(' ')) : [];
  expect(commands.at(-1)).toBe(`sudo -n env DEBIAN_FRONTEND=noninteractive ${command}`);
  expect(bubblewrapPlan({ has: has(manager), prefix: undefined })).toEqual({
    tell: expect.stringContaining(`Install it: sudo ${command}`),
  });
});

test('apt refreshes its lists first', () => {
  const plan = bubblewrapPlan({ has: has('apt-get'), prefix: [] });
  expect(plan).toMatchObject({
    commands: [['env', expect.any(String), 'apt-get', 'update', '-q'], expect.any(Array)],
  });
});

test('without a known package manager the person is told', () => {
  expect(bubblewrapPlan({ has: has(), prefix: [] })).toEqual({
    tell: expect.stringContaining('install `bwrap`'),
  });
});

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// By name: without a .gitignore at hand oxlint walks node_modules, which takes half a minute.
const folders = [
  ...[
    'contracts',
    'policy',
    'workflows',
    'activities',
    'k8s',
    'sandbox',
    'models',
    'artifacts',
    'forge',
    'workers',
  ],
  ...['client', 'server', 'web', 'cli', 'drill', 'test', 'tools'],
].filter((folder) => existsSync(`${root}${folder}`));

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const node = [process.execPath];
const checks: readonly Check[] = [
  { name: 'types (tsc)', command: [...node, 'node_modules/typescript/bin/tsc'] },
  {
    name: 'style and import rules (biome)',
    command: [...node, 'node_modules/.bin/biome', 'check', '--error-on-warnings', '.'],
  },
  {
    name: 'promises and switches (oxlint)',
    command: [...node, 'node_modules/.bin/oxlint', '--type-aware', ...folders],
  },
  {
    name: 'architecture (vitest)',
    command: [...node, 'node_modules/vitest/vitest.mjs', 'run', '--project', 'architecture'],
  },
];

function run({ name, command: [program = '', ...args] }: Check): Promise<boolean> {
  const since = Date.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.once('error', (error) => {
      output += error.message;
    });
    child.once('close', (code) => {
      const seconds = ((Date.now() - since) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s`);
      if (code !== 0) console.log(output);
      resolve(code === 0);
    });
  });
}

const passed = await Promise.all(checks.map(run));
process.exitCode = passed.every(Boolean) ? 0 : 1;

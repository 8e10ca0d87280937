import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, inject, test } from 'vitest';
import { kubectl } from '../helpers/kubectl.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function demo(...words: readonly string[]) {
  const { kubeconfig, image, keeperImage, own } = inject('cluster');
  // With one of this machine's own the demo finds it by itself.
  const cluster =
    own === undefined
      ? { KUBECONFIG: kubeconfig, LONGHAUL_TASK_IMAGE: image, LONGHAUL_KEEPER_IMAGE: keeperImage }
      : { KUBECONFIG: '' };
  const env = { ...process.env, ...cluster, XDG_STATE_HOME: await temporaryDirectory(), OPENAI_API_KEY: '' };
  const child = spawn(process.execPath, ['tools/demo/main.ts', ...words], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [exitCode] = await once(child, 'close');
  const tree = /^tree ([0-9a-f]{40}):/m.exec(stdout)?.[1];
  return { exitCode, stdout, stderr, tree };
}

/** What is told, without what no two runs have in common: names, times, object names. */
function told(stdout: string): readonly string[] {
  const end = stdout.indexOf('Delivered');
  const lines = stdout.slice(stdout.indexOf('Iteration 1'), end).split('\n');
  const commands = /^ {4}(?:approve|for the task|edit|reject|by signal|To answer)/;
  return lines
    .filter((line) => !commands.test(line))
    .map((line) =>
      line
        .replaceAll(/make-the-invoice-exact-to-the-cent-\w+/g, 'TASK')
        .replaceAll(/ · (?:[0-9.]+ (?:ms|s)|\d+ m \d+ s)/g, '')
        .replaceAll(/[0-9a-f]{12,40}/g, 'OBJECT')
        // The transcript holds how long tests took, so its length is that of no other run.
        .replace(/^(Iteration \d+ {2}).*/, '$1USAGE'),
    );
}

afterEach(async () => {
  await expect
    .poll(() => kubectl(['get', 'namespaces', '-o', 'name']), { timeout: 90_000, interval: 1000 })
    .not.toContain('longhaul-demo-');
});

test('the demo tells in pods what it tells locally, and gives the same tree', {
  timeout: 400_000,
}, async () => {
  const local = await demo();
  expect(local).toMatchObject({ exitCode: 0 });
  const pods = await demo('--sandbox', 'kubernetes');
  expect(pods, pods.stderr).toMatchObject({ exitCode: 0, tree: local.tree });
  expect(pods.tree).toBeDefined();
  expect(told(pods.stdout).length).toBeGreaterThan(30);
  expect(told(pods.stdout)).toEqual(told(local.stdout));
});

test('with --crash the worker dies in mid-command, and the command in its pod runs once', {
  timeout: 400_000,
}, async () => {
  const { exitCode, stdout, stderr, tree } = await demo('--sandbox', 'kubernetes', '--crash');
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toMatch(/kill -9 \d+: that was the worker/);
  const counted = stdout.slice(stdout.indexOf('counted its samples'));
  expect(counted.match(/^sample \d of 6: \S+/gm)).toEqual(
    [1, 2, 3, 4, 5, 6].map((n) => `sample ${n} of 6: 0.${n}0`),
  );
  expect(tree).toMatch(/^[0-9a-f]{40}$/);
});

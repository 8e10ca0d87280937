import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { killNow } from '../../../drill/kill-now.ts';
import { isRunning, processStartTime } from '../../../workers/process-lock.mjs';

test('a process is gone when the kill comes back', async () => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const identity = { pid, startTime: processStartTime(pid) ?? '' };
  await killNow(identity);
  expect(isRunning(identity)).toBe(false);
});

test('a process that no signal ends is waited for as long as the limit, and named', async () => {
  const at = (file: string) => JSON.stringify(new URL(`../../../${file}`, import.meta.url).href);
  // The first process of a namespace does not hear a SIGKILL that comes from inside.
  const program = `
    import { killNow } from ${at('drill/kill-now.ts')};
    import { processStartTime } from ${at('workers/process-lock.mjs')};
    await killNow({ pid: 1, startTime: processStartTime(1) }, 100).catch(({ message }) => console.log(message));`;
  const outside = ['--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc', '--die-with-parent', '--'];
  const inside = [process.execPath, '--input-type=module', '-e', program];
  const child = spawn('bwrap', [...outside, ...inside], { stdio: ['ignore', 'pipe', 'inherit'] });
  expect(await text(child.stdout)).toBe('Process 1 did not end within 100 ms, not even by SIGKILL.\n');
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { descendantsOf, identify, killAndWait, type ProcessIdentity } from '../../../sandbox/processes.ts';
import type { Fault, Scene } from './fault.ts';

const limitMs = 5_000;

interface Recorded {
  readonly keeper: ProcessIdentity;
  readonly sandbox: ProcessIdentity;
}

const processesOf = ({ world, task }: Scene): Recorded =>
  JSON.parse(readFileSync(join(world.lease(task.taskId), 'processes.json'), 'utf8'));

function killing(name: string, victim: (scene: Scene) => ProcessIdentity): Fault {
  return {
    name,
    losesCommands: true,
    async inflict(scene) {
      const atMs = Date.now();
      if (!(await killAndWait(victim(scene), limitMs))) throw new Error(`${name} did not end it`);
      return atMs;
    },
  };
}

export const killKeeper = killing('kill -9 of the keeper', (scene) => processesOf(scene).keeper);
export const killSandbox = killing('kill -9 of the sandbox', (scene) => processesOf(scene).sandbox);

/** The shell inside that starts the steps. */
export const killRunner = killing('kill -9 of the step runner', (scene) => {
  const { sandbox } = processesOf(scene);
  const runner = descendantsOf(sandbox.pid).find(({ pid }) => commandOf(pid).includes('runner'));
  const identity = runner && identify(runner.pid);
  if (identity === undefined) {
    const there = descendantsOf(sandbox.pid).map(({ pid }) => commandOf(pid));
    throw new Error(`the sandbox has no runner; it has ${there.join(', ')}`);
  }
  return identity;
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

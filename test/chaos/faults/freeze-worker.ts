import { vi } from 'vitest';
import type { Fault, Scene } from './fault.ts';

const limitMs = 60_000;

/**
 * A worker that is frozen for longer than its heartbeat and comes back when another has done its work: it believes that its activity is
 * still its own. It is let go before it wakes, so that it acts before it can be told.
 */
function freezeUntil(name: string, until: (scene: Scene) => Promise<void>): Fault {
  return {
    name,
    losesCommands: false,
    async inflict(scene) {
      const { world, task, stopped, letGo } = scene;
      const atMs = Date.now();
      process.kill(stopped.pid, 'SIGSTOP');
      try {
        await until(scene);
      } finally {
        letGo();
        process.kill(stopped.pid, 'SIGCONT');
      }
      await vi.waitFor(
        () => world.moments.passed(task.taskId) || raise('the zombie has not come to its end'),
        {
          timeout: limitMs,
        },
      );
      return atMs;
    },
  };
}

export const freezeUntilTheEnd = freezeUntil('worker frozen until the task has ended', async ({ task }) => {
  await task.story.end();
});

/** Until another worker has gone past the activity. */
export const freezeForAWhile = freezeUntil('worker frozen for a while', async ({ world, task, stopped }) => {
  const others = () =>
    world.moments.started(task.taskId).filter((one) => one.pid !== stopped.pid && one.atMs > atMs);
  const atMs = Date.now();
  const again = await vi.waitFor(() => others()[0] ?? raise('nobody has taken over'), { timeout: limitMs });
  await vi.waitFor(
    () => others().some((one) => one.stage !== again.stage) || raise(`nobody has gone past ${again.stage}`),
    { timeout: limitMs, interval: 10 },
  );
});

function raise(message: string): never {
  throw new Error(message);
}

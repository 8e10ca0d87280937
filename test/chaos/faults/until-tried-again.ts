import { vi } from 'vitest';
import type { ChaosTask, ChaosWorld } from '../chaos-world.ts';

const limitMs = 60_000;

/** Waits until an activity of the task that failed has begun again `times` times from now on. */
export async function untilTriedAgain(
  { moments }: ChaosWorld,
  { taskId }: ChaosTask,
  times = 1,
): Promise<void> {
  const tries = () => moments.started(taskId).filter(({ attempt }) => attempt > 1).length;
  const before = tries();
  await vi.waitFor(
    () => {
      if (tries() < before + times) throw new Error(`${taskId} has tried nothing ${times} times again`);
    },
    { timeout: limitMs, interval: 20 },
  );
}

import { command } from './command.ts';
import { type Expected, goOn, said } from './expected.ts';
import { type Real, release } from './real.ts';
import { calmly } from './stage-commands.ts';

let texts = 0;
async function steer(x: Expected, { task, lane }: Real, count: number, length = 0): Promise<void> {
  const sent = Array.from({ length: count }, () => `steer ${++texts} `.padEnd(length, 'x'));
  for (const text of sent) {
    x.m.steers = [...x.m.steers, text];
    said(x, 'steer', 'ann');
    await lane.stage.client.steer(task.taskId, text, 'ann');
  }
}

export const steered = (count: number, length: number) =>
  command(
    `${count} steers of ${length}`,
    (x, real) => steer(x, real, count, length),
    ({ m }) => m.said.length < 300,
  );

/** Between the last stage of an iteration and the plan of the next: where a new run of the workflow begins, if one does. */
export const steeredOnTheMove = (count: number) =>
  command(
    `${count} steers while the next iteration begins`,
    async (x, real) => {
      const result = calmly('continue');
      x.raced = true;
      x.late = count;
      release(real, result);
      await steer(x, real, count);
      goOn(x, result);
    },
    ({ m, wait }) =>
      wait?.for === 'evaluate' && !m.paused && m.ending === null && m.rollbackTo === null && hasBudget(m),
  );

const hasBudget = ({ usage, budget }: Expected['m']) => usage.iterations + 1 < budget.maxIterations;

/** People go on talking while no worker is there. */
export const restarted = (count: number) =>
  command(`worker stops, ${count} steers, another starts`, async (x, real) => {
    await real.lane.stop();
    await steer(x, real, count);
    await real.lane.start();
  });

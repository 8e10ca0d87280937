import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mountSmallDisk, noDiskReason } from '../helpers/small-disk.ts';
import { type ChaosWorld, openChaosWorld } from './chaos-world.ts';
import { fillStore, flipBytes } from './faults/break-store.ts';
import { atThisLevel, reaches } from './level.ts';
import { before, momentText } from './moments/moment.ts';
import { judgeEnd, report, runCell, untilStopped } from './run-cell.ts';

const diskBytes = 4 * 1024 * 1024;
const slowMs = 250;

let world: ChaosWorld;

beforeAll(async () => {
  world = await openChaosWorld();
});
afterAll(() => world.close());

const full = atThisLevel([
  { from: 'brief', moment: before('plan') },
  { from: 'brief', moment: before('record') },
  { from: 'usual', moment: before('execute') },
  { from: 'usual', moment: before('openApproval') },
  { from: 'usual', moment: before('evaluate') },
] as const).map((cell) => ({ ...cell, text: momentText(cell.moment) }));

test.skipIf(noDiskReason !== undefined).for(full)(
  'an artifact store that is full for a while $text: the task ends as without',
  async ({ moment }) => {
    mountSmallDisk(join(world.home, 'artifacts'), diskBytes);
    expect(report(await runCell(world, fillStore, moment)).problems).toEqual([]);
  },
);

test.runIf(reaches('usual'))(
  'an artifact store that is slow at each call: the task ends as without',
  async () => {
    world.slowDownStore(slowMs);
    try {
      const task = await world.startTask(null);
      const problems = await judgeEnd(world, task, false);
      report({ fault: 'artifact store slow', moment: 'all the time', recoveryMs: null, problems });
      expect(problems).toEqual([]);
    } finally {
      world.slowDownStore(0);
    }
  },
);

const damaged = atThisLevel([
  { from: 'brief', moment: { ...before('plan', 2), at: 'after' } },
  { from: 'usual', moment: before('execute', 2) },
] as const).map((cell) => ({ ...cell, text: momentText(cell.moment) }));

test.for(damaged)(
  'artifacts with a flipped byte $text: the task uses none and asks a person, and goes on when the bytes are mended',
  async ({ moment, text }) => {
    const task = await world.startTask(moment);
    await untilStopped(world, task, text);
    const mend = flipBytes(world);
    world.moments.letGo(task.taskId);
    const { approval } = await task.story.until('approval.opened', (one) => one.approval.subject === 'fault');
    expect(world.shown(approval)).toMatch(/artifact\.corrupted.*bring the file back from a backup/su);
    mend();
    const atMs = Date.now();
    await task.story.answer(approval);
    const problems = await judgeEnd(world, task, false);
    const next = world.moments.started(task.taskId).find((one) => one.atMs > atMs);
    const recoveryMs = next === undefined ? null : next.atMs - atMs;
    report({ fault: 'artifacts with a flipped byte', moment: text, recoveryMs, problems });
    expect(problems).toEqual([]);
  },
);

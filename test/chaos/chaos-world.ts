import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskId } from '../../contracts/ids.ts';
import type { ScenarioInput } from '../../models/scripted/scenario.ts';
import { listWorkers } from '../../workers/worker-processes.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World, type WorldOptions } from '../helpers/e2e-world.ts';
import { answerAll } from './answer-all.ts';
import { type Counter, openCounter } from './counter.ts';
import { type Moment, moments } from './moments/moment.ts';
import { checks, filesOf, instruction, script } from './script.ts';

const workerMain = fileURLToPath(new URL('./moments/worker.ts', import.meta.url));
const workers = 2;

/** A machine for faults: workers that stop where they are told to, and commands that count themselves. */
export interface ChaosWorld extends World {
  readonly counter: Counter;
  readonly moments: ReturnType<typeof moments>;
  /** Starts workers until two run. */
  replaceWorkers(): Promise<void>;
  /** Starts a task of the script in a repository of its own, whose person answers every question. */
  startTask(moment: Moment | null, task?: Partial<Parameters<World['start']>[0]>): Promise<ChaosTask>;
}

export interface ChaosTask {
  readonly taskId: TaskId;
  readonly story: Story;
  /** Of the person, and under which the task's commands count themselves. */
  readonly repository: string;
  readonly name: string;
}

export interface ChaosOptions extends Partial<WorldOptions> {
  readonly scenarioOf?: (counter: Counter) => ScenarioInput;
}

/** Opens a world of its own; `close` leaves nothing of it. */
export async function openChaosWorld(options: ChaosOptions = {}): Promise<ChaosWorld> {
  const { scenarioOf = script, env = {}, ...more } = options;
  const counter = openCounter();
  const momentsDirectory = mkdtempSync(join(tmpdir(), 'longhaul-moments-'));
  const world = await openWorld({
    scenario: scenarioOf(counter),
    workers,
    workerMain,
    ...more,
    env: {
      LONGHAUL_SANDBOX_READ_ONLY_PATHS: counter.directory,
      LONGHAUL_CHAOS_MOMENTS: momentsDirectory,
      ...env,
    },
  });
  const armed = moments(momentsDirectory);
  let count = 0;
  return {
    ...world,
    counter,
    moments: armed,
    async replaceWorkers() {
      const missing = workers - (await listWorkers(world.home)).length;
      await Promise.all(Array.from({ length: Math.max(0, missing) }, () => world.startWorker()));
    },
    async startTask(moment, task = {}) {
      count += 1;
      const name = `repository-${count}`;
      const repository = task.repository ?? world.repository(name, filesOf(name));
      const arm = (taskId: TaskId) => {
        if (moment !== null) armed.arm(taskId, moment);
      };
      const story = await world.start({ instruction, checks, ...task, repository }, arm);
      answerAll(world.client, story);
      return { taskId: story.taskId, story, repository, name };
    },
    async close() {
      await world.close();
      counter.close();
      rmSync(momentsDirectory, { recursive: true, force: true });
    },
  };
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PendingApproval } from '../../contracts/approval.ts';
import type { TaskId } from '../../contracts/ids.ts';
import type { ScenarioInput } from '../../models/scripted/scenario.ts';
import { listWorkers } from '../../workers/worker-processes.ts';
import type { Story } from '../helpers/e2e-story.ts';
import { openWorld, type World, type WorldOptions } from '../helpers/e2e-world.ts';
import { answerAll } from './answer-all.ts';
import { type Counter, openCounter } from './counter.ts';
import { type ModelGate, openModelGate } from './faults/model-gate.ts';
import { type Moment, moments } from './moments/moment.ts';
import { slowStoreFile } from './moments/slow-store.ts';
import { checks, filesOf, instruction, script } from './script.ts';

const workerMain = fileURLToPath(new URL('./moments/worker.ts', import.meta.url));
const workers = 2;

/** A machine for faults: workers that stop where they are told to, and commands that count themselves. */
export interface ChaosWorld extends World {
  readonly counter: Counter;
  readonly moments: ReturnType<typeof moments>;
  /** Between the workers and the model. */
  readonly gate: ModelGate;
  /** How much longer each call of the artifact store takes from now on. */
  slowDownStore(extraMs: number): void;
  /** The card that people are shown of a question. */
  shown(approval: PendingApproval): string;
  /** Starts workers until two run. */
  replaceWorkers(): Promise<void>;
  /** Starts a task of the script in a repository of its own, whose person answers every question if no other is given. */
  startTask(
    moment: Moment | null,
    task?: Partial<Parameters<World['start']>[0]>,
    person?: typeof answerAll,
  ): Promise<ChaosTask>;
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
  const gate = await openModelGate();
  const world = await openWorld({
    scenario: scenarioOf(counter),
    workers,
    workerMain,
    ...more,
    env: {
      LONGHAUL_SANDBOX_READ_ONLY_PATHS: counter.directory,
      LONGHAUL_CHAOS_MOMENTS: momentsDirectory,
      OPENAI_BASE_URL: gate.url,
      ...env,
    },
  });
  gate.leadTo(world.model.url);
  const armed = moments(momentsDirectory);
  let count = 0;
  return {
    ...world,
    counter,
    moments: armed,
    gate,
    slowDownStore: (extraMs) => writeFileSync(slowStoreFile(momentsDirectory), String(extraMs)),
    shown({ digest }) {
      const hex = digest.slice('sha256:'.length);
      return readFileSync(join(world.home, 'artifacts', hex.slice(0, 2), hex.slice(2)), 'utf8');
    },
    async replaceWorkers() {
      const missing = workers - (await listWorkers(world.home)).length;
      await Promise.all(Array.from({ length: Math.max(0, missing) }, () => world.startWorker()));
    },
    async startTask(moment, task = {}, person = answerAll) {
      count += 1;
      const name = `repository-${count}`;
      const repository = task.repository ?? world.repository(name, filesOf(name));
      const arm = (taskId: TaskId) => {
        if (moment !== null) armed.arm(taskId, moment);
      };
      const story = await world.start({ instruction, checks, ...task, repository }, arm);
      person(world.client, story);
      return { taskId: story.taskId, story, repository, name };
    },
    async close() {
      await world.close();
      await gate.close();
      counter.close();
      rmSync(momentsDirectory, { recursive: true, force: true });
    },
  };
}

import { setTimeout as delay } from 'node:timers/promises';
import { LonghaulError } from '../../contracts/error.ts';
import type { Agent } from '../keeper/agent.ts';
import type { Overrun } from '../keeper/guard.ts';
import { nowTicks } from '../keeper/step-processes.ts';
import { connectRunner, type Runner, type RunnerLine } from './runner-line.ts';

const settleMs = 100;
const holdLimitMs = 10_000;
const killAfterMs = 2_000;
const betweenHoldsMs = 5;
const countMs = 1_000;
/** A build that asks for too many processes fails by itself; a bomb keeps asking. */
const beyondPolls = 2;

/** What a step's processes are known by: its name in their environment, or their age. */
interface StepMark {
  readonly name: string;
  readonly sinceTicks: number;
}

export interface PodAgent extends Agent {
  /** Kills every process of the commands; false when some are left after a while, or nobody knows. */
  clear(): Promise<boolean>;
}

/** The agent of a pod: the runner, in another container, looks after the processes that the keeper cannot see. */
export async function connectPodAgent(
  line: RunnerLine,
  processLimit: number,
  endPod: () => void,
): Promise<PodAgent> {
  const runner = await connectRunner(line);
  let holds = 0;
  let lastHeldMs = 0;
  const kill = (): void => {
    runner.hangUp();
    endPod();
  };
  return {
    ended: runner.ended.then(() => 'the container of the agent has ended'),
    isEnded: runner.isEnded,
    startStep: (name, stepId) => runner.send('start', name, stepId),
    onExit: runner.onExit,
    control(name) {
      const step = { name, sinceTicks: nowTicks() };
      return {
        end: (graceMs, limitMs) => endStep(runner, step, graceMs, limitMs),
        watch: (onOverrun) => watchCounts(runner, processLimit, onOverrun),
      };
    },
    async hold() {
      holds += 1;
      if (!(await holdAll(runner))) {
        kill();
        throw new LonghaulError(
          'sandbox.lost',
          'The sandbox has processes that can neither be stopped nor ended: its files cannot be looked at.',
        );
      }
      return () => {
        runner.send('wake');
        holds -= 1;
        lastHeldMs = Date.now();
      };
    },
    clear: () => clearAll(runner),
    awakeMs: () => (holds > 0 ? 0 : Date.now() - lastHeldMs),
    kill,
  };
}

/** The kernel holds the pod to its limits; what keeps running against that of processes is ended. */
function watchCounts(
  runner: Runner,
  processLimit: number,
  onOverrun: (overrun: Overrun) => void,
): { stop(): Overrun | null } {
  const before = runner.counts().memoryKills;
  let beyond = 0;
  let over = false;
  const look = async (): Promise<void> => {
    const count = Number((await runner.ask('count'))?.[0] ?? 0);
    beyond = count > processLimit ? beyond + 1 : 0;
    if (over || beyond < beyondPolls) return;
    over = true;
    onOverrun('processes');
  };
  const timer = setInterval(() => void look(), countMs);
  return {
    stop() {
      clearInterval(timer);
      const { memoryKills, processes } = runner.counts();
      if (over || processes > processLimit) return 'processes';
      return memoryKills > before ? 'memory' : null;
    },
  };
}

/** What waits in vfork(2) stops only once its child is another program: between the tries all go on. What does not stop in time is killed. */
async function holdAll(runner: Runner): Promise<boolean> {
  const start = Date.now();
  for (;;) {
    const patience = Date.now() - start < killAfterMs;
    const running = (await runner.ask('hold', ...(patience ? [] : ['kill'])))?.[0];
    if (running === '0') return true;
    if (running === undefined || Date.now() - start > holdLimitMs) return false;
    if (patience) runner.send('wake');
    await delay(betweenHoldsMs);
  }
}

async function clearAll(runner: Runner): Promise<boolean> {
  const end = Date.now() + holdLimitMs;
  for (;;) {
    const left = (await runner.ask('clear'))?.[0];
    if (left === '0') return true;
    if (left === undefined || Date.now() > end) return false;
    await delay(settleMs);
  }
}

async function endStep(runner: Runner, step: StepMark, graceMs: number, limitMs: number): Promise<boolean> {
  if (graceMs > 0 && (await untilNone(runner, step, 'TERM', graceMs))) return true;
  return await untilNone(runner, step, 'KILL', limitMs);
}

/** Signals a step's processes until none is left: TERM once, KILL each time. False when some are after the limit, or nobody knows. */
async function untilNone(
  runner: Runner,
  { name, sinceTicks }: StepMark,
  signal: 'TERM' | 'KILL',
  limitMs: number,
): Promise<boolean> {
  const end = Date.now() + limitMs;
  for (let next: string = signal; ; next = signal === 'TERM' ? '0' : signal) {
    const answer = await runner.ask('signal', name, next, String(sinceTicks));
    if (runner.isEnded() || answer?.[0] === '0') return true;
    if (answer === undefined || Date.now() > end) return false;
    await delay(settleMs);
  }
}

import { endProcesses } from '../processes.ts';
import type { Agent } from './agent.ts';
import type { Guard } from './guard.ts';
import type { Limits } from './limits.ts';
import type { SandboxProcess } from './sandbox-process.ts';
import { selectStepProcesses } from './step-processes.ts';

const freezeLimitMs = 5_000;

/** A sandbox of this machine: the keeper sees its processes in /proc, and signals them itself. */
export function createLocalAgent(deps: {
  readonly sandbox: SandboxProcess;
  readonly limits: Limits;
  readonly guard: Guard;
}): Agent {
  const { sandbox, limits, guard } = deps;
  return {
    ended: sandbox.ended,
    isEnded: sandbox.isEnded,
    startStep: sandbox.startStep,
    onExit: sandbox.onExit,
    control(_, stepId) {
      const processes = selectStepProcesses(sandbox, stepId);
      return {
        end: (graceMs, limitMs) => endProcesses(processes, graceMs, limitMs),
        watch: (onOverrun) => guard.watch(processes, onOverrun),
      };
    },
    hold: () => sandbox.hold(limits, freezeLimitMs),
    awakeMs: sandbox.awakeMs,
    kill: sandbox.kill,
  };
}

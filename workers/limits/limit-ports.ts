import { Context } from '@temporalio/activity';
import type { Ports } from '../../activities/ports.ts';
import { sayMeanwhile } from '../../activities/pulse.ts';
import type { ModelClient } from '../../contracts/model-client.ts';
import type { Sandbox } from '../../contracts/sandbox.ts';
import { createFairQueue, type FairQueue, type Owner } from './fair-queue.ts';
import type { LiveSandboxes } from './live-sandboxes.ts';
import type { WorkLimits } from './work-limits.ts';

/** Temporal's own middle of 1 to 5. */
const usualPriority = 3;
/** How often a task that waits for a sandbox looks whether one has gone: they end in other processes. */
const lookEveryMs = 500;

/**
 * Holds a worker to its limits. What waits holds nothing but its activity, which goes on with its heartbeat and says what it waits for. For
 * use inside of activities: whose turn it is comes from the priority that their task was started with.
 */
export function limitPorts(ports: Ports, limits: WorkLimits, live: LiveSandboxes): Ports {
  const upTo = (limit: number) => createFairQueue((running) => running < limit);
  return {
    ...ports,
    model: limitModel(ports.model, upTo(limits.modelCalls)),
    sandbox: limitSandbox(ports.sandbox, {
      commands: upTo(limits.commands),
      making: createFairQueue((running) => live.count() + running < limits.sandboxes),
      live,
    }),
  };
}

function limitModel(model: ModelClient, calls: FairQueue): ModelClient {
  const inTurn = <T>(signal: AbortSignal, call: () => Promise<T>) =>
    takeTurn(calls, 'waits for its turn to call the model', signal, call);
  return {
    respond: (request, watch) => inTurn(watch.signal, () => model.respond(request, watch)),
    compact: (request, watch) => inTurn(watch.signal, () => model.compact(request, watch)),
    cancel: (responseId) => model.cancel(responseId),
  };
}

interface SandboxQueues {
  readonly commands: FairQueue;
  readonly making: FairQueue;
  readonly live: LiveSandboxes;
}

function limitSandbox(sandbox: Sandbox, { commands, making, live }: SandboxQueues): Sandbox {
  const run = <T>(signal: AbortSignal, work: () => Promise<T>) =>
    takeTurn(commands, 'waits for its turn to run a command', signal, work);
  return {
    ...sandbox,
    exec: (leaseId, step, watch) => run(watch.signal, () => sandbox.exec(leaseId, step, watch)),
    async acquire(spec, watch) {
      const acquire = () => sandbox.acquire(spec, watch);
      // Its own is adopted. For the second one that verifies a delivery it must not wait either: tasks that hold one each would wait for each other.
      if (live.isHeldBy(spec.taskId)) return acquire();
      const timer = setInterval(() => making.look(), lookEveryMs);
      try {
        return await takeTurn(making, 'waits for its turn to have a sandbox', watch.signal, () =>
          run(watch.signal, acquire),
        );
      } finally {
        clearInterval(timer);
      }
    },
  };
}

async function takeTurn<T>(
  queue: FairQueue,
  waitsFor: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let goOn = () => {};
  const onWait = () => {
    goOn = sayMeanwhile(waitsFor);
  };
  try {
    return await queue.run({ owner: ownerOf(), signal, onWait }, () => {
      goOn();
      return work();
    });
  } finally {
    goOn();
  }
}

function ownerOf(): Owner {
  const { priority, workflowExecution, activityId } = Context.current().info;
  const taskId = workflowExecution?.workflowId ?? activityId;
  // Of a task that was started without them they are empty and 0.
  const { fairnessKey = '', priorityKey = 0 } = priority ?? {};
  return {
    taskId,
    fairnessKey: fairnessKey === '' ? taskId : fairnessKey,
    priority: priorityKey === 0 ? usualPriority : priorityKey,
  };
}

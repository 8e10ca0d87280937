import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it, vi } from 'vitest';
import type { Ports } from '../../../../activities/ports.ts';
import { type PulseDetails, withPulse } from '../../../../activities/pulse.ts';
import type { LeaseId, TaskId } from '../../../../contracts/ids.ts';
import { limitPorts } from '../../../../workers/limits/limit-ports.ts';
import { quiet } from '../../../helpers/task-fixture.ts';
import { unwatched } from '../../../helpers/unwatched.ts';

/** Calls that last until they are ended, by what they are for. */
function play(limits: {
  readonly commands?: number;
  readonly modelCalls?: number;
  readonly sandboxes?: number;
}) {
  const running = new Map<string, () => void>();
  const live = new Set<string>();
  const last = async <T>(name: string, result: T): Promise<T> => {
    await new Promise<void>((resolve) => running.set(name, resolve));
    running.delete(name);
    return result;
  };
  const ports = {
    model: {
      respond: (request: { promptCacheKey: string }) => last(`respond ${request.promptCacheKey}`, {}),
      compact: (request: { promptCacheKey: string }) => last(`compact ${request.promptCacheKey}`, {}),
    },
    sandbox: {
      exec: (leaseId: string) => last(`exec ${leaseId}`, {}),
      acquire: async ({ leaseId }: { leaseId: string }) => {
        await last(`acquire ${leaseId}`, {});
        live.add(leaseId);
        return {};
      },
    },
  } as unknown as Ports;
  const limited = limitPorts(
    ports,
    { commands: 9, modelCalls: 9, sandboxes: 9, ...limits },
    {
      count: () => live.size,
      isHeldBy: (taskId) => [...live].some((name) => name.startsWith(`${taskId}.`)),
    },
  );
  const inActivity = (workflowId: string, fairnessKey: string, work: (ports: Ports) => Promise<unknown>) => {
    const info = { workflowExecution: { workflowId, runId: 'r' }, priority: { fairnessKey } };
    const env = new MockActivityEnvironment(info, { logger: quiet });
    const said: string[] = [];
    env.on('heartbeat', ({ what }: PulseDetails) => said.push(what));
    const ended = env.run(() => withPulse('at work', () => work(limited)));
    return { said, ended };
  };
  const end = async (name: string) => {
    await vi.waitFor(() => expect([...running.keys()]).toContain(name));
    running.get(name)?.();
  };
  return { inActivity, end, live, names: () => [...running.keys()] };
}

const watch = { ...unwatched(), onProgress: () => {}, onOutput: () => {} };
const exec = (lease: string) => (ports: Ports) => ports.sandbox.exec(lease as LeaseId, {} as never, watch);
const acquire = (taskId: string, number: string) => (ports: Ports) =>
  ports.sandbox.acquire({ leaseId: `${taskId}.${number}`, taskId: taskId as TaskId } as never, watch);
const respond = (key: string) => (ports: Ports) =>
  ports.model.respond({ promptCacheKey: key } as never, watch);
const compact = (key: string) => (ports: Ports) =>
  ports.model.compact({ promptCacheKey: key } as never, watch);

it('a command waits for one of another task to end, and its heartbeat says so until it runs', async () => {
  const { inActivity, end, names } = play({ commands: 1 });
  const first = inActivity('t1', 'ann', exec('t1.1'));
  await vi.waitFor(() => expect(names()).toEqual(['exec t1.1']));
  const second = inActivity('t2', 'ann', exec('t2.1'));
  await vi.waitFor(() => expect(second.said.at(-1)).toBe('waits for its turn to run a command'));
  expect(names()).toEqual(['exec t1.1']);
  await end('exec t1.1');
  await vi.waitFor(() => expect(second.said.at(-1)).toBe('at work'));
  await end('exec t2.1');
  await Promise.all([first.ended, second.ended]);
  expect(first.said).toEqual(['at work']);
});

it('calls of the model and its summaries share one limit, and wait for no command', async () => {
  const { inActivity, end, names } = play({ commands: 1, modelCalls: 2 });
  const all = [
    inActivity('t0', 'ann', exec('t0.1')),
    inActivity('t1', 'ann', respond('t1')),
    inActivity('t2', 'ann', compact('t2')),
    inActivity('t3', 'ann', respond('t3')),
  ];
  await vi.waitFor(() => expect(names()).toEqual(['exec t0.1', 'respond t1', 'compact t2']));
  await end('compact t2');
  await end('respond t3');
  await end('respond t1');
  await end('exec t0.1');
  await Promise.all(all.map(({ ended }) => ended));
});

it('the task of another person is next, by the key that its workflow was started with', async () => {
  const { inActivity, end, names } = play({ commands: 1 });
  const anns = ['a1', 'a2', 'a3'].map((task) => inActivity(task, 'ann', exec(`${task}.1`)));
  const bobs = inActivity('b1', 'bob', exec('b1.1'));
  await end('exec a1.1');
  await vi.waitFor(() => expect(names()).toEqual(['exec b1.1']));
  for (const name of ['exec b1.1', 'exec a2.1', 'exec a3.1']) await end(name);
  await Promise.all([...anns, bobs].map(({ ended }) => ended));
});

it('a task without a sandbox waits until another has given its own back', async () => {
  const { inActivity, end, live, names } = play({ sandboxes: 1 });
  const first = inActivity('t1', 'ann', acquire('t1', '1'));
  await end('acquire t1.1');
  await first.ended;
  const second = inActivity('t2', 'ann', acquire('t2', '1'));
  await vi.waitFor(() => expect(second.said.at(-1)).toBe('waits for its turn to have a sandbox'));
  expect(names()).toEqual([]);
  live.delete('t1.1');
  await end('acquire t2.1');
  await second.ended;
});

it('a task that has a sandbox gets it again, and a fresh one to verify in, with all of them taken', async () => {
  const { inActivity, end, live } = play({ sandboxes: 1 });
  live.add('t1.1');
  const again = inActivity('t1', 'ann', acquire('t1', '1'));
  const fresh = inActivity('t1', 'ann', acquire('t1', 'verify-3'));
  await end('acquire t1.1');
  await end('acquire t1.verify-3');
  await Promise.all([again.ended, fresh.ended]);
});

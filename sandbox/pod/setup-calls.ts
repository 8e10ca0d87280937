import type { Socket } from 'node:net';
import type { SetupProgress } from '../../contracts/sandbox.ts';
import { type Answer, send } from '../keeper/server.ts';
import type { PodSetupCall } from '../protocol.ts';
import type { BroughtSetups } from './brought-setup.ts';
import type { PodSetupRun } from './pod-setup.ts';

/** Answers what a pod is asked about setups, its own and that of another pod. */
export function createSetupCalls(deps: {
  readonly brought: BroughtSetups;
  /** Whether the lease is being made, or has been. */
  readonly begun: () => boolean;
  readonly run: () => PodSetupRun;
}): (socket: Socket, call: PodSetupCall, stdin: Buffer) => Promise<Answer> {
  const { brought, begun, run } = deps;
  return async (socket, call, stdin) => {
    switch (call.call) {
      case 'setup': {
        const progress = (value: SetupProgress): void => send(socket, { type: 'progress', progress: value });
        const { archive, exclude } = await run().run(call.setup, progress);
        return { value: archive, bytes: exclude };
      }
      case 'part':
        return { value: null, bytes: run().part(call.offset, call.length) };
      case 'prepared':
        return { value: begun(), bytes: null };
      case 'bring': {
        const wanted = !begun();
        if (wanted) brought.bring(call, stdin);
        return { value: wanted, bytes: null };
      }
      case 'unpack':
        if (!begun()) await brought.take(call, stdin);
        return { value: null, bytes: null };
    }
  };
}

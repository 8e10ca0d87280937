import { kill } from '../../helpers/e2e-world.ts';
import type { Fault } from './fault.ts';

export const killWorker: Fault = {
  name: 'kill -9 of the worker',
  losesCommands: false,
  async inflict({ stopped }) {
    const atMs = Date.now();
    await kill(stopped);
    return atMs;
  },
};

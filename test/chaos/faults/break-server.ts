import { embeddedServerStatus } from '../../../workers/embedded-server/status.ts';
import { kill } from '../../helpers/e2e-world.ts';
import type { Fault } from './fault.ts';

export const killServer: Fault = {
  name: 'kill -9 of the server, started again',
  losesCommands: false,
  async inflict({ world, letGo }) {
    const before = await embeddedServerStatus(world.home);
    if (before.status !== 'running') throw new Error('the server does not run');
    await kill(before.server);
    // The work goes on while nobody can be told of it.
    letGo();
    const atMs = Date.now();
    await world.startServer();
    return atMs;
  },
};

export const restartServer: Fault = {
  name: 'server stopped and started',
  losesCommands: false,
  async inflict({ world, letGo }) {
    await world.stopServer();
    letGo();
    const atMs = Date.now();
    await world.startServer();
    return atMs;
  },
};

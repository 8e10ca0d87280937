import type { Ports } from '../activities/ports.ts';
import type { Fence } from './fence.ts';

/**
 * Ports whose effects pass a fence first: an activity that another worker has taken over changes no sandbox, no repository and no remote, and pays
 * no model. Reading is free, and so is storing artifacts: they are named by what they hold.
 */
export function fencedPorts(ports: Ports, fence: Fence): Ports {
  const { sandbox, repositories, forge, model } = ports;
  const behind =
    <Args extends readonly unknown[], T>(effect: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await fence();
      return effect(...args);
    };
  return {
    ...ports,
    sandbox: {
      ...sandbox,
      acquire: behind(sandbox.acquire),
      exec: behind(sandbox.exec),
      checkpoint: behind(sandbox.checkpoint),
      restore: behind(sandbox.restore),
      release: behind(sandbox.release),
    },
    repositories: { ...repositories, importCheckpoint: behind(repositories.importCheckpoint) },
    forge: { ...forge, publish: behind(forge.publish) },
    model: { ...model, respond: behind(model.respond), compact: behind(model.compact) },
  };
}

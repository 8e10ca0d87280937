import type { ChaosTask, ChaosWorld } from '../chaos-world.ts';
import type { Stopped } from '../moments/moment.ts';

/** A task whose worker has stopped at a moment. */
export interface Scene {
  readonly world: ChaosWorld;
  readonly task: ChaosTask;
  readonly stopped: Stopped;
  /** Lets the worker that has stopped go on, if it lives. */
  letGo(): void;
}

/** One way in which something breaks. */
export interface Fault {
  readonly name: string;
  /** Whether what runs in the sandbox can be lost with it: never twice, but perhaps not at all, and the model reads so. */
  readonly losesCommands: boolean;
  /** Breaks it, and mends what the fault itself would mend. Gives the time from which the recovery counts, ms since the epoch. */
  inflict(scene: Scene): Promise<number>;
}

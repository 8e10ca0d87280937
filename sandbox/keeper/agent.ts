import type { Overrun } from './guard.ts';

/** One step's processes, in the hands of the trusted side. */
export interface StepControl {
  /** Asks them to end, then kills what is left after `graceMs`; true when none is left within `limitMs` after that. */
  end(graceMs: number, limitMs: number): Promise<boolean>;
  /** Calls back once when the step must be ended for what it takes. `stop` says what the limits refused in the meantime. */
  watch(onOverrun: (overrun: Overrun) => void): { stop(): Overrun | null };
}

/** The live sandbox as the keeper uses it: where the step runner and what commands start are. */
export interface Agent {
  /** Resolves when the sandbox has ended, with what it said last. */
  readonly ended: Promise<string>;
  isEnded(): boolean;
  startStep(name: string, stepId: string): void;
  onExit(listener: (name: string, status: number) => void): void;
  control(name: string, stepId: string): StepControl;
  /** Stops every process inside; gives what wakes them. Throws `sandbox.lost`, and ends the sandbox, when it cannot be done. */
  hold(): Promise<() => void>;
  /** For how long the sandbox has not been held; 0 while it is. */
  awakeMs(): number;
  kill(): void;
}

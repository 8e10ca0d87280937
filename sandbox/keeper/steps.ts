import { closeSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { inside } from '../inside.ts';
import { errnoOf } from '../lease-files.ts';
import type { StepCommand } from '../protocol.ts';
import type { Agent, StepControl } from './agent.ts';
import type { FifoPool } from './fifo-pool.ts';
import { diskFull } from './git.ts';
import type { Overrun } from './guard.ts';
import { createStepOutput, type StepOutput } from './step-output.ts';
import type { RecordedResult, StepRecords } from './step-records.ts';
import { stepScript } from './step-script.ts';

/** From the polite signal to the other one. */
const terminateGraceMs = 2_000;
/** A process that SIGKILL does not end by then is stuck in the kernel; the sandbox as a whole goes. */
const killLimitMs = 10_000;
const longestTimerMs = 2 ** 31 - 1;

type EndReason = 'timed_out' | 'cancelled' | 'output' | Overrun;

export interface RunningStep {
  readonly stepId: string;
  readonly tail: () => string;
  /** How much it has written so far. */
  readonly bytes: () => number;
  /** Rejects with `sandbox.disk_full` when its output could not be kept; resolves null when the sandbox died under it. */
  readonly done: Promise<RecordedResult | null>;
  cancel(): void;
}

export interface StepsDeps {
  readonly agent: Agent;
  readonly records: StepRecords;
  readonly fifos: FifoPool;
  readonly controlDirectory: string;
  readonly processLimit: number;
}

/** Starts steps in the sandbox and brings each to its end. */
export interface Steps {
  running(stepId: string): RunningStep | undefined;
  start(step: StepCommand, stdin: Buffer | null): Promise<RunningStep>;
}

export function createSteps(deps: StepsDeps): Steps {
  const running = new Map<string, RunningStep>();
  const exits = new Map<string, (status: number) => void>();
  deps.agent.onExit((name, status) => exits.get(name)?.(status));

  return {
    running: (stepId) => running.get(stepId),
    async start(step, stdin) {
      const script = stepScript(step, inside.workspace);
      const fifo = await deps.fifos.take();
      const file = (suffix: string): string => path.join(deps.controlDirectory, fifo.name + suffix);
      try {
        deps.records.markStarted(step.stepId);
        if (stdin !== null) writeFileSync(file('.in'), stdin, { mode: 0o400 });
        writeFileSync(file('.sh'), script, { mode: 0o400 });
      } catch (error) {
        closeSync(fifo.fd);
        throw errnoOf(error) === 'ENOSPC' ? diskFull(`step ${step.stepId}`) : error;
      }
      const exited = new Promise<number>((resolve) => exits.set(fifo.name, resolve));
      const control = deps.agent.control(fifo.name, step.stepId);
      const entry = follow(deps, step, control, { fd: fifo.fd, exited });
      running.set(step.stepId, entry);
      deps.agent.startStep(fifo.name, step.stepId);
      const forget = (): void => {
        running.delete(step.stepId);
        exits.delete(fifo.name);
        for (const suffix of ['.in', '.sh', '.out']) rmSync(file(suffix), { force: true });
      };
      entry.done.then(forget, forget);
      return entry;
    },
  };
}

/** A runner that does not tell within this that an ended step has ended was silenced by a command, and its sandbox is of no more use. */
const silenceLimitMs = 3000;

function follow(
  deps: StepsDeps,
  step: StepCommand,
  control: StepControl,
  { fd, exited }: { readonly fd: number; readonly exited: Promise<number> },
): RunningStep {
  const startedAt = Date.now();
  let reason: EndReason | null = null;
  let fault: Error | null = null;
  let ending: Promise<boolean> | null = null;
  let silence: NodeJS.Timeout | undefined;
  let exitKnown = false;

  const listenForEnd = (limitMs: number): void => {
    silence = setTimeout(() => {
      // One that was held for a checkpoint has not had its time to tell.
      const awakeMs = deps.agent.awakeMs();
      if (awakeMs < silenceLimitMs) listenForEnd(silenceLimitMs - awakeMs);
      else deps.agent.kill();
    }, limitMs);
  };
  const end = (why: EndReason, graceMs: number): void => {
    if (ending !== null) return;
    reason = why;
    ending = control.end(graceMs, killLimitMs).then((gone) => {
      if (gone && !exitKnown) listenForEnd(silenceLimitMs);
      if (!gone) deps.agent.kill();
      return gone;
    });
  };

  const output = createStepOutput({
    fd,
    file: deps.records.outputFile(step.stepId),
    maxBytes: step.maxOutputBytes,
    onFault(what) {
      if (what !== 'limit') fault = what;
      end('output', 0);
    },
  });
  const timer = setTimeout(
    () => end('timed_out', terminateGraceMs),
    Math.min(step.timeoutMs, longestTimerMs),
  );
  const watch = control.watch((overrun) => end(overrun, 0));

  const finish = async (): Promise<RecordedResult | null> => {
    const status = await Promise.race([exited, deps.agent.ended.then(() => null)]);
    clearTimeout(timer);
    exitKnown = true;
    clearTimeout(silence);
    const durationMs = Date.now() - startedAt;
    const overrun = watch.stop();
    if (status === null) {
      await output.finish();
      return null;
    }
    // A bomb's first process may end while the rest goes on.
    if (overrun === 'processes') end('processes', 0);
    await ending;
    note(output, reason, deps.processLimit);
    await output.finish();
    if (fault !== null)
      throw errnoOf(fault) === 'ENOSPC' ? diskFull(`the output of step ${step.stepId}`) : fault;
    const result = resultOf(status, reason, overrun, durationMs);
    deps.records.writeResult(step.stepId, result);
    return result;
  };

  return {
    stepId: step.stepId,
    tail: output.tail,
    bytes: output.bytes,
    done: finish(),
    cancel: () => end('cancelled', terminateGraceMs),
  };
}

function note(output: StepOutput, reason: EndReason | null, processLimit: number): void {
  if (reason !== 'processes') return;
  output.note(`longhaul: ended, the limit of ${processLimit} processes was reached\n`);
}

/** Puts together how a step ended: the shell's status, the keeper's own reason to end it, and what the kernel refused. */
export function resultOf(
  status: number,
  reason: EndReason | null,
  overrun: Overrun | null,
  durationMs: number,
): RecordedResult {
  const failed = status !== 0 || reason !== null;
  const ending = reason === 'timed_out' || reason === 'cancelled' ? reason : failed ? 'failed' : 'ok';
  return {
    status: ending,
    exitCode: status,
    signal: signalName(status - 128),
    outputLimit: reason === 'output',
    memoryLimit: failed && (reason === 'memory' || overrun === 'memory'),
    durationMs,
  };
}

/** A shell gives 128+n for a command that signal n has ended. */
function signalName(number: number): string | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? null;
}

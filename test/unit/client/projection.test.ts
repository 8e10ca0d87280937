import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventBody, HistoryEvent } from '../../../client/projection/event-body.ts';
import { emptyProjection, project } from '../../../client/projection/project.ts';
import { messageName } from '../../../contracts/words/messages.ts';
import { recordedHistories } from '../../replay/histories.ts';

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const payloads = (value: unknown) => ({ payloads: [payload(value)] });
const unreadable = {
  payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{no JSON') }],
};

function story(events: readonly (HistoryEvent | readonly HistoryEvent[])[]): readonly EventBody[] {
  let state = emptyProjection;
  return (events.flat() as readonly HistoryEvent[]).flatMap((event) => {
    const projected = project(state, event);
    state = projected.state;
    return projected.events;
  });
}

const signal = (signalName: string, input: object | null): HistoryEvent => ({
  workflowExecutionSignaledEventAttributes: { signalName, input },
});
const update = (name: string, value: unknown, failure: object | null = null): readonly HistoryEvent[] => [
  {
    workflowExecutionUpdateAcceptedEventAttributes: {
      acceptedRequest: { input: { name, args: payloads(value) } },
    },
  },
  { workflowExecutionUpdateCompletedEventAttributes: { outcome: { failure } } },
];
const answer = {
  approvalId: 'i1.a0',
  digest: `sha256:${'a'.repeat(64)}`,
  outcome: 'granted',
};

describe('messages', () => {
  test('an answer by update was accepted; one by signal may have been', () => {
    const [byUpdate, bySignal] = story([
      update(messageName.decide, answer),
      signal(messageName.decision, payloads(answer)),
    ]);
    expect(byUpdate).toMatchObject({ type: 'approval.answered', accepted: true, answer: { reason: '' } });
    expect(bySignal).toMatchObject({
      type: 'approval.answered',
      accepted: null,
      answer: { by: { proof: 'signal' } },
    });
  });

  test('what an answer holds besides does not keep it out of the story', () => {
    expect(story([update(messageName.decide, { ...answer, comment: 'from my phone' })])).toHaveLength(1);
  });

  test('what people say is told with who said it', () => {
    const by = 'ann';
    expect(
      story([
        signal(messageName.steer, payloads({ text: 'keep the API', by })),
        signal(messageName.pause, payloads({ by })),
        signal(messageName.resume, payloads({ by })),
        signal(messageName.cancel, payloads({ by })),
      ]),
    ).toEqual([
      { type: 'task.steered', text: 'keep the API', by },
      { type: 'task.paused', by },
      { type: 'task.resumed', by },
      { type: 'task.cancel_requested', mode: 'now', by },
    ]);
  });

  test('a steer without words, an unknown signal and an unknown update are no part of the story', () => {
    expect(
      story([
        signal(messageName.steer, payloads({ text: ' ' })),
        signal(messageName.steer, payloads({ text: 7 })),
        signal('unheard-of', payloads({ text: 'x' })),
        update('unheard-of', { toIteration: 1 }),
        update(messageName.decide, 'granted'),
      ]),
    ).toEqual([]);
  });

  test('no payload of any shape breaks the story', () => {
    const names = fc.constantFrom(...Object.values(messageName), 'unheard-of');
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        story([signal(name, payloads(value)), update(name, value)]);
      }),
    );
    for (const input of [unreadable, null, {}, { payloads: null }, { payloads: [] }, { payloads: [{}] }]) {
      for (const name of Object.values(messageName)) story([signal(name, input)]);
    }
  });
});

describe('the life of a task', () => {
  test.each([
    [
      'is terminated',
      { workflowExecutionTerminatedEventAttributes: { reason: 'by hand' } },
      'cancelled',
      'by hand',
    ],
    ['is cancelled on the server', { workflowExecutionCanceledEventAttributes: {} }, 'cancelled', 'server'],
    ['times out', { workflowExecutionTimedOutEventAttributes: {} }, 'failed', 'out of time'],
    [
      'fails',
      { workflowExecutionFailedEventAttributes: { failure: { message: 'odd' } } },
      'failed',
      'internal.bug: odd',
    ],
    [
      'ends without an outcome',
      { workflowExecutionCompletedEventAttributes: { result: null } },
      'failed',
      'without an outcome',
    ],
  ])('that %s ends the story with a reason', (_, event, status, reason) => {
    expect(story([event])).toMatchObject([
      { type: 'task.finished', status, reason: expect.stringContaining(reason), branch: null },
    ]);
  });

  test('a start of another form tells nothing, and a run that goes on as another does not end it', () => {
    expect(
      story([
        { workflowExecutionStartedEventAttributes: { input: payloads({ type: 'continue', state: {} }) } },
        { workflowExecutionStartedEventAttributes: { input: payloads({ type: 'start' }) } },
        { workflowExecutionStartedEventAttributes: { input: payloads(null) } },
        { workflowExecutionStartedEventAttributes: { input: unreadable } },
        { workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'next' } },
      ]),
    ).toEqual([]);
  });
});

describe('stages', () => {
  const marker = (type: string, result: unknown, more: object = {}): HistoryEvent => ({
    markerRecordedEventAttributes: {
      markerName: 'core_local_activity',
      details: { data: payloads({ activity_type: type }), result: payloads(result) },
      ...more,
    },
  });
  const digest = answer.digest;

  test('a local stage is told from its marker, a failed one and other markers are not', () => {
    expect(
      story([
        marker('record', { digest }),
        marker('record', { digest }, { failure: { message: 'full' } }),
        marker('record', { digest }, { markerName: 'Version' }),
        marker('loadEdited', {}),
        marker('constructor', {}),
      ]),
    ).toEqual([{ type: 'iteration.recorded', digest }]);
  });

  test('a stage is told when it has ended, by the type with which it was scheduled', () => {
    const scheduled = (eventId: number, name: string): HistoryEvent => ({
      eventId: eventId as never,
      activityTaskScheduledEventAttributes: { activityType: { name } },
    });
    const completed = (scheduledEventId: number, result: unknown): HistoryEvent => ({
      activityTaskCompletedEventAttributes: {
        scheduledEventId: scheduledEventId as never,
        result: payloads(result),
      },
    });
    const verified = { checks: [], passed: true };
    expect(
      story([
        scheduled(5, 'verifyDelivery'),
        scheduled(6, 'releaseSandboxes'),
        completed(6, null),
        completed(5, verified),
        completed(99, verified),
        scheduled(7, 'plan'),
        completed(7, { status: 'over_budget', estimatedUsd: 1 }),
      ]),
    ).toEqual([{ type: 'delivery.verified', ...verified }]);
  });
});

describe('recorded histories', () => {
  const histories = recordedHistories();
  const told = (name: string) => {
    const found = histories.filter((history) => history.name.startsWith(`0.1.0/${name}.`));
    return found.flatMap(({ events }) => story(historyFromJSON({ events }).events ?? []));
  };
  const types = (name: string) => told(name).map((event) => event.type);

  test.each([...new Set(histories.map((history) => history.name.replace(/\.\d+$/, '')))])(
    '%s tells a whole story: one start, one end, each decision before what it decides',
    (name) => {
      const events = told(name.replace('0.1.0/', ''));
      expect(events.filter((e) => e.type === 'task.started')).toHaveLength(1);
      expect(events.at(0)?.type).toBe('task.started');
      expect(events.filter((e) => e.type === 'task.finished')).toHaveLength(1);
      expect(events.at(-1)?.type).toBe('task.finished');
      const decided = new Set<string>();
      for (const event of events) {
        if (event.type === 'action.decided') decided.add(event.actionId);
        if (event.type !== 'actions.observed') continue;
        for (const { actionId } of event.observations) expect(decided).toContain(actionId);
      }
    },
  );

  test('a delivery is told stage by stage', () => {
    expect(types('delivered')).toEqual([
      ...['task.started', 'repository.fetched', 'context.perceived'],
      ...['iteration.planned', 'action.decided', 'action.decided', 'actions.observed'],
      ...['iteration.evaluated', 'iteration.recorded'],
      ...['iteration.planned', 'iteration.evaluated', 'delivery.verified', 'action.decided'],
      ...['iteration.recorded', 'task.finished'],
    ]);
  });

  test('a task of two runs tells its iterations once each', () => {
    const planned = told('continue-as-new').flatMap((e) =>
      e.type === 'iteration.planned' ? [e.iteration] : [],
    );
    expect(planned).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('answers, steers, pauses and rollbacks are told', () => {
    expect(
      types('approval-by-update-and-signal').filter((type) => type === 'approval.answered'),
    ).toHaveLength(3);
    expect(types('steered-paused-rolled-back')).toEqual(
      expect.arrayContaining(['task.steered', 'task.paused', 'task.resumed', 'task.rolled_back']),
    );
    expect(types('cancelled').slice(-3)).toEqual([
      'task.cancel_requested',
      'iteration.recorded',
      'task.finished',
    ]);
  });
});

import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { attempt, type Pulse, type PulseDetails, withPulse } from '../../../activities/pulse.ts';
import type { StepId } from '../../../contracts/ids.ts';
import { quiet } from '../../helpers/task-fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An activity that runs until it is told to end, and its heartbeats. */
function started(attempts = 1) {
  const env = new MockActivityEnvironment({ attempt: attempts }, { logger: quiet });
  const beats: PulseDetails[] = [];
  env.on('heartbeat', (details: PulseDetails) => beats.push(details));
  const held = Promise.withResolvers<string>();
  const given = Promise.withResolvers<Pulse>();
  const ended = env.run(() =>
    withPulse('begin', (pulse) => {
      given.resolve(pulse);
      return held.promise;
    }),
  );
  return { env, beats, ended, end: held.resolve, pulse: given.promise };
}

describe('the pulse of an activity', () => {
  test('beats at once and then every second, also while nothing is said', async () => {
    const { beats, ended, end, pulse } = started();
    await pulse;
    expect(beats).toHaveLength(1);
    vi.advanceTimersByTime(3000);
    expect(beats).toHaveLength(4);
    expect(beats[3]).toMatchObject({ what: 'begin', tail: '' });
    end('done');
    expect(await ended).toBe('done');
    vi.advanceTimersByTime(5000);
    expect(beats).toHaveLength(4);
  });

  test('carries what runs, since when, its last words, and job, pod, step and offset of what runs in a pod', async () => {
    const { beats, ended, end, pulse } = started();
    const { say } = await pulse;
    vi.advanceTimersByTime(500);
    const sinceMs = Date.now();
    say('npm test');
    expect(beats.at(-1)).toEqual({ what: 'npm test', sinceMs, tail: '' });
    vi.advanceTimersByTime(200);
    say('npm test', 'half way');
    // What changes often waits for the next beat.
    expect(beats).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(beats.at(-1)).toEqual({ what: 'npm test', sinceMs, tail: 'half way' });
    const at = { stepId: 'i1.a1' as StepId, pod: { job: 'lh-1', uid: 'u1' }, offset: 8 };
    say('npm test', 'half way', at);
    vi.advanceTimersByTime(1000);
    expect(beats.at(-1)).toEqual({ what: 'npm test', sinceMs, tail: 'half way', at });
    say('npm test', `${'x'.repeat(5000)}end`);
    vi.advanceTimersByTime(1000);
    expect(beats.at(-1)?.tail).toBe(`${'x'.repeat(1997)}end`);
    end('done');
    await ended;
  });

  test('stops when the work fails, too', async () => {
    const env = new MockActivityEnvironment({}, { logger: quiet });
    const beat = vi.fn<() => void>();
    env.on('heartbeat', beat);
    const failing = env.run(() => withPulse('begin', () => Promise.reject(new Error('no'))));
    await expect(failing).rejects.toThrow('no');
    vi.advanceTimersByTime(5000);
    expect(beat).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['CANCELLED', { cancelRequested: true }, true],
    ['WORKER_SHUTDOWN', {}, false],
    ['TIMED_OUT', { timedOut: true }, false],
  ] as const)(
    'tells a task that is cancelled from a worker that stops: %s',
    async (reason, details, wanted) => {
      const { env, ended, end, pulse } = started();
      const { signal, cancelRequested } = await pulse;
      expect([signal.aborted, cancelRequested()]).toEqual([false, false]);
      env.cancel(reason, new ActivityCancellationDetails(details));
      expect([signal.aborted, cancelRequested()]).toEqual([true, wanted]);
      end('done');
      await ended;
    },
  );

  test('knows which try it is', async () => {
    const env = new MockActivityEnvironment({ attempt: 7 }, { logger: quiet });
    expect(await env.run(async () => attempt())).toBe(7);
  });
});

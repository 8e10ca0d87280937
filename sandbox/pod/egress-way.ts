import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { LonghaulError } from '../../contracts/error.ts';
import { upstreamAddress, upstreamCredentials } from '../proxy/dial.ts';

/** A new pod has its network a moment after its start: when those who enforce policy know of it. */
const openLimitMs = 45_000;
const tryLimitMs = 3_000;
const pollMs = 200;

/**
 * Waits until the egress proxy answers that it knows this setup. Throws `sandbox.start_failed` when it does not answer, `sandbox.unavailable`
 * when it says no.
 */
export async function untilAdmitted(upstream: URL, limitMs = openLimitMs): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    const { status, said } = await ask(upstream);
    if (status === 204) return;
    if (status !== null) throw refused(upstream, said);
    if (Date.now() > end) throw silent(upstream, said, limitMs);
    await delay(pollMs);
  }
}

function ask(upstream: URL): Promise<{ readonly status: number | null; readonly said: string }> {
  return new Promise((resolve) => {
    const asking = request({
      ...upstreamAddress(upstream),
      agent: false,
      path: '/',
      headers: upstreamCredentials(upstream),
      timeout: tryLimitMs,
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${tryLimitMs / 1_000} s`)));
    asking.on('error', ({ message }) => resolve({ status: null, said: message }));
    asking.on('response', (answer) => {
      text(answer).then(
        (said) => resolve({ status: answer.statusCode ?? null, said: said.trim() }),
        (error: unknown) => resolve({ status: null, said: String(error) }),
      );
    });
    asking.end();
  });
}

function refused({ host }: URL, said: string): LonghaulError {
  return new LonghaulError(
    'sandbox.unavailable',
    `The egress proxy at ${host} does not let this setup through: ${said.slice(0, 500)} Compare the keys and the settings of worker and proxy.`,
  );
}

function silent({ host }: URL, said: string, limitMs: number): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `The egress proxy at ${host} did not answer within ${limitMs / 1_000} s (${said}), and without it a setup reaches nothing. Look whether its pods are ready, and whether network policy lets pods with the label of a setup reach them.`,
  );
}

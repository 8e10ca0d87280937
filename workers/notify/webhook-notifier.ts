import { LonghaulError } from '../../contracts/error.ts';
import type { Notifier } from '../../contracts/notifier.ts';

export interface WebhookOptions {
  /** May hold a secret: it is part of no message, error or log. */
  readonly url: string;
  readonly timeoutMs: number;
}

export const defaultWebhookTimeoutMs = 3000;

/**
 * Posts each notification as JSON to one address. Any 2xx answer counts as taken; a redirect is not followed, so that what it says goes
 * nowhere else. Throws `config.invalid` for what is no http(s) address.
 */
export function createWebhookNotifier({ url, timeoutMs }: WebhookOptions): Notifier {
  const address = addressOf(url);
  return {
    async notify(notification) {
      const status = await post(address, JSON.stringify(notification), notification.id, timeoutMs);
      if (status < 200 || status > 299)
        throw failed(`answered with the HTTP status ${status}, expected 200 to 299`);
    },
  };
}

async function post(address: URL, body: string, id: string, timeoutMs: number): Promise<number> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { 'content-type': 'application/json', 'idempotency-key': id };
  try {
    const response = await fetch(address, { method: 'POST', headers, body, redirect: 'manual', signal });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    // No cause: it names the address.
    throw failed(
      signal.aborted ? `did not answer within ${timeoutMs} ms` : `cannot be reached${codeOf(error)}`,
    );
  }
}

function addressOf(url: string): URL {
  const address = URL.parse(url);
  if (address === null || !/^https?:$/.test(address.protocol) || address.username !== '')
    throw new LonghaulError(
      'config.invalid',
      'LONGHAUL_NOTIFY_URL is no http or https address (a user and password in it are not taken): set it to where notifications are to be posted, or unset it',
    );
  return address;
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return /^[A-Z_]+$/.test(code) ? ` (${code})` : '';
}

function failed(what: string): LonghaulError {
  return new LonghaulError('notify.failed', `the receiver that LONGHAUL_NOTIFY_URL names ${what}`);
}

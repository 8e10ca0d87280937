import { ApiException } from '@kubernetes/client-node';
import { LonghaulError } from '../contracts/error.ts';

export const notFound = 404;
export const conflict = 409;
const unauthorized = 401;
export const forbidden = 403;

/** What the API server said of a refusal, without the response's headers; any other error's own words. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ApiException)) return error instanceof Error ? error.message : String(error);
  const body: unknown = typeof error.body === 'string' ? parsed(error.body) : error.body;
  const status = typeof body === 'object' && body !== null ? body : {};
  return 'message' in status && typeof status.message === 'string' ? status.message : `HTTP ${error.code}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `server.unavailable`, or `sandbox.unavailable` where this cluster does not know or not let the worker. */
export function apiFault(error: unknown): LonghaulError {
  if (error instanceof LonghaulError) return error;
  const found = wordsOf(error);
  const code = error instanceof ApiException ? error.code : 0;
  if (code === unauthorized)
    return new LonghaulError(
      'sandbox.unavailable',
      `The cluster does not know this worker (${found}): its credentials have ended, or are another cluster's. Give it new ones by its kubeconfig or service account.`,
      { cause: error },
    );
  if (code === forbidden) return refusal(found, error);
  return new LonghaulError('server.unavailable', `The cluster refused a call: ${found}`, { cause: error });
}

/** A right is missing: waiting does not cure it. */
function refusal(found: string, cause: unknown): LonghaulError {
  return new LonghaulError(
    'sandbox.unavailable',
    `The cluster forbids this worker a call: ${found}. Grant it the Role of k8s/manifests/base/sandboxes/worker-role.yaml in that namespace.`,
    { cause },
  );
}

/** The result, or something else where the cluster answers with (one of) this status. Throws an `apiFault` for other refusals. */
export async function unless<T, Other>(
  status: number | readonly number[],
  other: Other,
  call: Promise<T>,
): Promise<T | Other> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiException && [status].flat().includes(error.code)) return other;
    throw apiFault(error);
  }
}

/** The result. Throws an `apiFault` instead of the client's own errors. */
export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw apiFault(error);
  }
}

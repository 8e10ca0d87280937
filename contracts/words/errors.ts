/** One row of the error table. */
export interface ErrorRow {
  /** Whether trying the same again can help without anybody changing anything. */
  readonly retryable: boolean;
  readonly httpStatus: number;
  readonly exitCode: number;
}

const row = (retryable: boolean, httpStatus: number, exitCode: number): ErrorRow => ({
  retryable,
  httpStatus,
  exitCode,
});

/**
 * Every code that Longhaul gives to an error. Append only: a code is never renamed or removed.
 * Each code has a page `docs/errors/<code>.md`. Exit codes: 1 a bug, 2 wrong use, 3 the task did not deliver,
 * 4 something is missing on this machine, 5 the model, 6 the repository, 7 policy or people, 8 a fault outside.
 */
export const errorTable = {
  'usage.invalid': row(false, 400, 2),
  'config.invalid': row(false, 400, 2),
  'node.too_old': row(false, 500, 4),
  'task.not_found': row(false, 404, 2),
  'task.ended': row(false, 409, 2),
  'task.stopped': row(false, 409, 3),
  'task.failed': row(false, 500, 3),
  'task.cancelled': row(false, 409, 3),
  'server.unavailable': row(true, 503, 4),
  'server.missing': row(false, 503, 4),
  'server.port_busy': row(false, 503, 4),
  'worker.missing': row(true, 503, 4),
  'worker.superseded': row(false, 409, 8),
  'repository.not_found': row(false, 404, 6),
  'repository.no_commits': row(false, 422, 6),
  'repository.ref_not_found': row(false, 404, 6),
  'repository.unreadable': row(false, 422, 6),
  'repository.unavailable': row(true, 503, 6),
  'repository.changed': row(false, 409, 6),
  'repository.push_refused': row(false, 409, 6),
  'checkpoint.invalid': row(false, 422, 6),
  'artifact.not_found': row(true, 404, 8),
  'artifact.corrupted': row(false, 500, 8),
  'artifact.store_full': row(true, 507, 8),
  'artifact.store_unavailable': row(true, 503, 8),
  'payload.too_large': row(false, 413, 1),
  'model.not_configured': row(false, 422, 5),
  'model.unknown_price': row(false, 422, 5),
  'model.rate_limited': row(true, 429, 5),
  'model.unavailable': row(true, 503, 5),
  'model.stream_broken': row(true, 502, 5),
  'model.bad_response': row(true, 502, 5),
  'model.quota_exhausted': row(false, 402, 5),
  'model.unauthorized': row(false, 401, 5),
  'model.bad_request': row(false, 400, 5),
  'model.context_exceeded': row(false, 413, 5),
  'sandbox.unavailable': row(false, 503, 4),
  'sandbox.start_failed': row(true, 503, 8),
  'sandbox.lost': row(true, 503, 8),
  'sandbox.setup_failed': row(false, 422, 3),
  'sandbox.disk_full': row(true, 507, 8),
  'sandbox.conflict': row(false, 409, 1),
  'policy.invalid': row(false, 422, 7),
  'policy.not_found': row(false, 404, 7),
  'approval.not_found': row(false, 404, 7),
  'approval.changed': row(false, 409, 7),
  'approval.refused': row(false, 403, 7),
  'disk.full': row(true, 507, 8),
  'disk.no_permission': row(false, 500, 4),
  'internal.bug': row(false, 500, 1),
  'git.missing': row(false, 503, 4),
  'drill.impossible': row(false, 409, 3),
  'version.cannot_replay': row(false, 409, 1),
  'version.unsupported': row(false, 503, 4),
  'approval.decided': row(false, 409, 7),
  'notify.failed': row(true, 502, 8),
  'worker.other_settings': row(false, 409, 4),
  'sandbox.not_isolated': row(false, 503, 4),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

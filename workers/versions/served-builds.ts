/** A worker that the server knows; it forgets one five minutes after its last poll. */
export interface Poller {
  /** Null for a worker without a version. */
  readonly buildId: string | null;
  /** `<pid>@<host>` as the SDK makes it, or what an operator chose. */
  readonly identity: string;
  readonly lastSeenMs: number;
}

export interface Witness {
  readonly nowMs: number;
  /** Of the worker that asks. */
  readonly identity: string;
  readonly host: string;
  /** The builds of this home's worker processes. */
  readonly localBuilds: readonly string[];
  isRunning(pid: number): boolean;
}

/** A poll lasts up to a minute, and is then begun again. */
const goneAfterMs = 90_000;

/** The builds that have a worker. A process of this machine is looked up; of another one the last poll counts. Pure. */
export function servedBuilds(pollers: readonly Poller[], witness: Witness): ReadonlySet<string | null> {
  const polled = pollers.filter((poller) => isThere(poller, witness)).map(({ buildId }) => buildId);
  return new Set([...polled, ...witness.localBuilds]);
}

function isThere({ identity, lastSeenMs }: Poller, witness: Witness): boolean {
  // Left by a process that had this one's pid and host, as containers do.
  if (identity === witness.identity) return false;
  const match = /^(\d+)@(.+)$/.exec(identity);
  if (match?.[2] === witness.host) return witness.isRunning(Number(match[1]));
  return witness.nowMs - lastSeenMs < goneAfterMs;
}

/** Whose work it is: among equals the key with the fewest turns now goes first, then the task that was served the longest ago. */
export interface Owner {
  readonly taskId: string;
  /** A person, say: all tasks of one key share one part. */
  readonly fairnessKey: string;
  /** 1 goes before 2, and so on to 5. */
  readonly priority: number;
}

export interface QueueRequest {
  readonly owner: Owner;
  readonly signal: AbortSignal;
  /** Called at once when there is no room. */
  readonly onWait: () => void;
}

/** Lets at most so many pieces of work run at once, in a fair order. */
export interface FairQueue {
  /** Runs the work when its turn has come. Rejects with the signal's reason when that is aborted before. */
  run<T>(request: QueueRequest, work: () => Promise<T>): Promise<T>;
  /** Looks again whether there is room: something outside has changed. */
  look(): void;
}

interface Waiting {
  readonly owner: Owner;
  readonly start: () => void;
}

/** So many keys and tasks are remembered as served; the oldest are forgotten. */
const rememberedServings = 10_000;

/** `hasRoom` is asked with the number that runs now. */
export function createFairQueue(hasRoom: (running: number) => boolean): FairQueue {
  const waiting = new Set<Waiting>();
  const running = new Map<string, number>();
  const served = new Map<string, number>();
  let total = 0;
  let turn = 0;

  const place = ({ owner }: Waiting): readonly number[] => [
    owner.priority,
    running.get(owner.fairnessKey) ?? 0,
    served.get(`key ${owner.fairnessKey}`) ?? 0,
    served.get(`task ${owner.taskId}`) ?? 0,
  ];

  const begin = ({ taskId, fairnessKey }: Owner): void => {
    total += 1;
    turn += 1;
    running.set(fairnessKey, (running.get(fairnessKey) ?? 0) + 1);
    for (const name of [`key ${fairnessKey}`, `task ${taskId}`]) {
      served.delete(name);
      served.set(name, turn);
    }
    for (const oldest of [...served.keys()].slice(0, -rememberedServings)) served.delete(oldest);
  };

  const end = ({ fairnessKey }: Owner): void => {
    total -= 1;
    const left = (running.get(fairnessKey) ?? 1) - 1;
    if (left === 0) running.delete(fairnessKey);
    else running.set(fairnessKey, left);
    look();
  };

  const look = (): void => {
    while (waiting.size > 0 && hasRoom(total)) {
      // A set keeps the order of arrival, and sorting keeps it among equals.
      const [next] = [...waiting].toSorted((a, b) => compare(place(a), place(b)));
      if (next === undefined) return;
      waiting.delete(next);
      begin(next.owner);
      next.start();
    }
  };

  const turnOf = ({ owner, signal, onWait }: QueueRequest): Promise<void> => {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = { owner, start: resolve };
    const leave = (): void => {
      if (waiting.delete(entry)) reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.add(entry);
    look();
    if (waiting.has(entry)) onWait();
    return promise.finally(() => signal.removeEventListener('abort', leave));
  };

  return {
    look,
    async run(request, work) {
      await turnOf(request);
      try {
        return await work();
      } finally {
        end(request.owner);
      }
    },
  };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((value, index) => value !== b[index]);
  return differs === -1 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
}

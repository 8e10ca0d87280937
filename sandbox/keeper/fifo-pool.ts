import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, fchmodSync, openSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const refill = { batch: 16, below: 6 } as const;

export interface Fifo {
  readonly name: string;
  /** The reading end, open and non-blocking before any writer comes. */
  readonly fd: number;
}

export interface FifoPool {
  take(): Promise<Fifo>;
}

/**
 * FIFOs made in advance, since making one costs a process. Each carries the output of one step. Once the keeper has its end, nobody
 * else may open one for reading: commands of the sandbox run as the same user.
 */
export function createFifoPool(deps: { readonly directory: string; readonly mkfifo: string }): FifoPool {
  const ready: Fifo[] = [];
  let making: Promise<void> | null = null;

  const make = async (): Promise<void> => {
    const names = Array.from({ length: refill.batch }, () => randomBytes(12).toString('hex'));
    const files = names.map((name) => path.join(deps.directory, `${name}.out`));
    await run(deps.mkfifo, ['-m', '600', ...files], { env: {} });
    for (const name of names) {
      const fd = openSync(
        path.join(deps.directory, `${name}.out`),
        constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
      );
      fchmodSync(fd, 0o200);
      ready.push({ name, fd });
    }
  };

  const refillNow = (): Promise<void> => {
    making ??= make().finally(() => {
      making = null;
    });
    return making;
  };

  return {
    async take() {
      if (ready.length < refill.below) {
        const filling = refillNow();
        if (ready.length === 0) await filling;
        // A refill that fails is met by the step that finds the pool empty.
        else filling.catch(() => undefined);
      }
      const fifo = ready.shift();
      if (fifo === undefined) throw new Error('mkfifo made no FIFO');
      return fifo;
    },
  };
}

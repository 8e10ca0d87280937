import { expect, test } from 'vitest';
import { lookAfterPool, tendUntilStopped } from '../../../workers/pod-pool.ts';

const limits = { memoryBytes: 1, processes: 1, maxFileBytes: 1 };

/** A pool whose looks end as told; the last way holds for all later ones. */
function pool(...ends: readonly (string | null)[]) {
  const looks: (string | null)[] = [];
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  const tend = async (): Promise<number> => {
    const end = ends[Math.min(looks.length, ends.length - 1)] ?? null;
    looks.push(end);
    if (looks.length > ends.length) resolve();
    if (end !== null) throw new Error(end);
    return 0;
  };
  return { looks, seen, tend };
}

test('a pool is looked after until the worker stops; what goes wrong is said once, and again after it went well', async () => {
  const said: string[] = [];
  const made = pool('no rights', 'no rights', null, 'no rights', null);
  const looking = tendUntilStopped(made, { lookEveryMs: 1, once: false, report: (line) => said.push(line) });
  await made.seen;
  await looking.stop();
  const looks = made.looks.length;
  expect(said).toEqual([expect.stringContaining('no rights'), expect.stringContaining('no rights')]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(made.looks).toHaveLength(looks);
});

test('where none is to wait, one look that went well is enough', async () => {
  const made = pool('down', null);
  const looking = tendUntilStopped(made, { lookEveryMs: 1, once: true, report: () => undefined });
  await expect.poll(() => made.looks, { timeout: 30_000 }).toEqual(['down', null]);
  await looking.stop();
  expect(made.looks).toHaveLength(2);
});

test('a worker with the local sandbox asks no cluster', async () => {
  await lookAfterPool({ LONGHAUL_SANDBOX: 'local' }, limits).stop();
});

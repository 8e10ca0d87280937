import { createServer } from 'node:net';
import type { Report } from './progress.ts';

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      const bound = typeof address === 'object' && address ? address.port : undefined;
      probe.close(() => resolve(bound));
    });
  });
}

/** A port on 127.0.0.1 that is free now: `preferred` when it is, else any; says so when it had to take another. */
export async function choosePort(preferred: number, use: string, report: Report): Promise<number> {
  const wanted = await listenOnce(preferred);
  if (wanted !== undefined) return wanted;
  const other = await listenOnce(0);
  if (other === undefined) throw new Error('127.0.0.1 has no free port');
  report(`port ${preferred} is busy: ${use} takes port ${other}`);
  return other;
}

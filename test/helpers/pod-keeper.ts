import { readdirSync, readFileSync } from 'node:fs';

/** The keeper of a pod, as this machine sees it: only where the cluster is one of this machine's own. Throws where there is none. */
export function keeperProcess(podUid: string): number {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find(
      (pid) =>
        textOf(`/proc/${pid}/cmdline`).includes('sandbox/pod/main.ts') &&
        textOf(`/proc/${pid}/cgroup`).includes(podUid),
    );
  if (found === undefined) throw new Error(`no keeper of pod ${podUid} runs on this machine`);
  return Number(found);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

import { join } from 'node:path';
import { isRunning } from '../../workers/process-lock.mjs';
import { endOfLog } from '../../workers/process-log.ts';
import { childOf, enterArguments, identityOf, spawnDetached } from './box.ts';
import { commandOf, type PartName, type PartSetting } from './parts.ts';
import { ClusterProblem } from './problem.ts';
import type { Part } from './state.ts';
import { waitFor } from './wait.ts';

export const logOf = (logs: string, name: string) => join(logs, `${name}.log`);

/** Starts one part inside the namespaces of `init`; it runs on by itself. Gives its process as the machine counts it. */
export async function startPart(
  name: PartName,
  init: number,
  setting: PartSetting,
  path: string,
): Promise<Part> {
  const { program, args } = commandOf(name, setting);
  const log = logOf(setting.paths.logs, name);
  const outer = await spawnDetached('nsenter', [...enterArguments(init), program, ...args], {
    log,
    // Nothing of the caller's: a proxy in its environment would stand between the parts.
    env: { PATH: `${setting.programs}:${path}`, HOME: setting.paths.data },
    cwd: '/',
  });
  let pid: number | undefined;
  await waitFor(
    `the start of ${name}`,
    10_000,
    () => {
      pid = childOf(outer.pid);
      return pid !== undefined;
    },
    () => {
      if (!isRunning(outer)) throw new ClusterProblem(`${name} did not start. ${logEnd(log)}`);
    },
  );
  return { name, ...identityOf(pid ?? 0), startedAtMs: Date.now() };
}

/** Throws a `ClusterProblem` with the end of its log for the first part that has ended. */
export function checkParts(parts: readonly Part[], logs: string): void {
  const ended = parts.find((part) => !isRunning(part));
  if (ended !== undefined)
    throw new ClusterProblem(`${ended.name} has ended. ${logEnd(logOf(logs, ended.name))}`);
}

const logEnd = (log: string) => `Its log ${log} ends:\n${endOfLog(log)}`;

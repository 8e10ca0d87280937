import { LonghaulError } from '../contracts/error.ts';
import type { ModelFacts, ServerFacts, WorkerFacts } from './platform.ts';

/** The first worker that was started with other settings than this command line's, and how to get past it; null where none was. */
export function otherSettingsText(workers: readonly WorkerFacts[]): string | null {
  const other = workers.find((worker) => differencesOf(worker).length > 0);
  if (other === undefined) return null;
  const { pid, model, sandbox } = other;
  const asks = model !== null && model.differs.length > 0 ? [`asks ${model.server}`] : [];
  const runs = sandbox.differs.length > 0 ? [`runs commands ${sandboxWords(sandbox)}`] : [];
  return `Worker ${pid} was started with another ${listed(differencesOf(other))} than yours, and ${[...asks, ...runs].join(' and ')}.`;
}

/** Where a worker runs commands, in words for people. */
export function sandboxWords({ backend, place }: WorkerFacts['sandbox']): string {
  return backend === 'local' ? 'in the local sandbox' : `in pods of the cluster ${place}`;
}

/**
 * Throws `worker.other_settings` where a running worker would not run commands where they are asked for: what is started beside it would work on
 * the same tasks.
 */
export function refuseOtherSandbox(workers: readonly WorkerFacts[]): void {
  const others = workers.filter(({ sandbox }) => sandbox.differs.length > 0);
  const other = otherSettingsText(others);
  if (other === null) return;
  throw new LonghaulError(
    'worker.other_settings',
    `${other}\n${otherSettingsFix}\nTo use both, give each a LONGHAUL_HOME of its own.`,
  );
}

function differencesOf({ model, sandbox }: WorkerFacts): readonly string[] {
  return [...(model?.differs ?? []), ...sandbox.differs];
}

/** To be shown below what `otherSettingsText` says. */
export const otherSettingsFix =
  'To use yours, start it anew, and tasks go on: "longhaul down", then "longhaul up".';

/**
 * What a task's model calls will be made with. Throws `worker.other_settings` where that is not what this environment says: another account
 * would pay, and another server would read the repository. Throws `model.not_configured` where there is no key at all.
 */
export function settingsNote(
  model: ModelFacts,
  workers: readonly WorkerFacts[],
  server: Pick<ServerFacts, 'kind'>,
): string | null {
  const other = otherSettingsText(workers);
  if (other !== null) {
    const option = workers.some(({ sandbox }) => sandbox.differs.length > 0)
      ? ' and leave out --sandbox'
      : '';
    throw new LonghaulError(
      'worker.other_settings',
      `${other}\nThis task would be worked on with the worker's. ${otherSettingsFix}\nTo use the worker's, unset yours${option}; to use both, give each a LONGHAUL_HOME of its own.`,
    );
  }
  // Of a configured server other machines may have the workers.
  if (model.keySet || server.kind === 'configured') return null;
  const [lender] = workers.flatMap((worker) => (worker.model?.keySet === true ? [worker.model] : []));
  if (lender !== undefined) return `${lender.server}, with the key that the running worker was started with`;
  throw new LonghaulError(
    'model.not_configured',
    `OPENAI_API_KEY is not set, and the model at ${model.baseUrl} is asked with it. Set it; where the server needs none, to any word.`,
  );
}

function listed(names: readonly string[]): string {
  return names.length <= 1 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

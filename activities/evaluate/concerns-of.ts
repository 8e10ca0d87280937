import type { EvaluateInput } from '../../contracts/activities.ts';
import type { Concern } from '../../contracts/evaluation.ts';
import type { CommitId } from '../../contracts/ids.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import { protectedPaths } from '../../policy/load.ts';
import type { Ports } from '../ports.ts';
import { taskPolicy } from '../task-policy.ts';
import { definesChecks } from './check-definitions.ts';
import { type ChangedText, findConcerns, isTestPath } from './concerns.ts';
import { namedByChecks } from './files-of-checks.ts';

const manifestOfScripts = 'package.json';
const maxTestBytes = 1024 * 1024;

/** What a person should look at before the whole change is delivered, by the task's policy and its paths. */
export async function concernsOf(
  ports: Pick<Ports, 'artifacts' | 'repositories'>,
  { taskId, workspace, checks }: Pick<EvaluateInput, 'taskId' | 'workspace' | 'checks'>,
  spec: TaskSpec,
): Promise<readonly Concern[]> {
  const { repositories } = ports;
  const { baseCommit, commit } = workspace;
  const { policy } = await taskPolicy(ports.artifacts, spec.policy);
  const changes = await repositories.changes(taskId, baseCommit, commit);
  const compared = changes.filter(({ path }) => isTestPath(path) || definesChecks(path));
  const read = (at: CommitId, paths: readonly string[]) => repositories.read(taskId, at, paths, maxTestBytes);
  const [before, after] = await Promise.all([
    read(baseCommit, [...compared.map((change) => change.fromPath ?? change.path), manifestOfScripts]),
    read(
      commit,
      compared.map((change) => change.path),
    ),
  ]);
  const texts = new Map<string, ChangedText>(
    compared.map(({ path, fromPath }) => [
      path,
      { before: textOf(before.get(fromPath ?? path)), after: textOf(after.get(path)) },
    ]),
  );
  const isNamedByCheck = namedByChecks(
    checks.map((check) => check.command),
    textOf(before.get(manifestOfScripts)),
  );
  return findConcerns({
    changes,
    texts,
    isProtected: protectedPaths(policy),
    isNamedByCheck,
    paths: spec.paths,
  });
}

function textOf(bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined || bytes.byteLength >= maxTestBytes || bytes.includes(0)) return null;
  return new TextDecoder().decode(bytes);
}

import type { Finished } from '../helpers/e2e-story.ts';
import { git } from '../helpers/git-fixture.ts';
import type { ChaosTask, ChaosWorld } from './chaos-world.ts';
import { finalTree, words } from './script.ts';

/** What differs from a run without a fault: the tree, the branches, how often each command ran by its own count, how often the model was paid. */
export function finalProblems(
  world: ChaosWorld,
  task: ChaosTask,
  end: Finished,
  losesCommands: boolean,
  paidTwice: number,
): readonly string[] {
  return [
    ...treeProblems(task, end.branch ?? ''),
    ...countProblems(world.counter.counted(task.name), losesCommands),
    ...paidProblems(world, task, paidTwice),
    ...world.model.problems().filter((problem) => problem.includes(task.taskId)),
  ];
}

function treeProblems({ repository }: ChaosTask, branch: string): readonly string[] {
  const branches = git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads/longhaul');
  if (branches !== branch) return [`expected one branch ${branch}, found ${branches || 'none'}`];
  const files = git(repository, 'ls-tree', '-r', '--name-only', branch).split('\n');
  const found = files
    .filter((file) => file !== '.task')
    .map((file) => `${file}: ${git(repository, 'show', `${branch}:${file}`)}`);
  return found.join('\n') === finalTree
    ? []
    : [`expected the tree\n${finalTree}\nfound\n${found.join('\n')}`];
}

function countProblems(counted: readonly string[], losesCommands: boolean): readonly string[] {
  return words.flatMap((word) => {
    const times = counted.filter((one) => one === word).length;
    const ran = times === 1 || (losesCommands && times === 0);
    return ran ? [] : [`the command "${word}" ran ${times} times by its own count`];
  });
}

/** Counted where the model is served. */
function paidProblems({ model }: ChaosWorld, { taskId }: ChaosTask, paidTwice: number): readonly string[] {
  const turns = model.requests
    .filter((one) => one.promptCacheKey === taskId && one.fault === null && one.kind === 'turn')
    .map((one) => one.turn);
  const twice = turns.length - new Set(turns).size;
  return twice <= paidTwice ? [] : [`${twice} model calls were paid again: turns ${turns.join(', ')}`];
}

import { delimiter, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { down } from '../../tools/cluster/down.ts';
import { runDirectory, runPaths } from '../../tools/cluster/paths.ts';
import { runProgram } from '../../tools/cluster/run-program.ts';
import { readState } from '../../tools/cluster/state.ts';
import { up } from '../../tools/cluster/up.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cluster: TestCluster;
  }
}

export interface TestCluster {
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** The first process of the cluster's namespaces, where it is this machine's own; 0 for a cluster from elsewhere. */
  readonly init: number;
  /** What pods of the tests are made of: git, Node, Python, a shell. */
  readonly image: string;
}

const { env } = process;
const report = (line: string) => process.stderr.write(`cluster: ${line}\n`);

/** The cluster that KUBECONFIG names, else one on this machine; fails where none can be had. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const image = env['LONGHAUL_TASK_IMAGE'] ?? 'localhost/longhaul/task:dev';
  const chosen = env['KUBECONFIG'];
  if (chosen !== undefined && chosen !== '') {
    report(`using the cluster of KUBECONFIG=${chosen.split(delimiter).join(' and ')}, image ${image}`);
    await runProgram('kubectl', ['version'], { env });
    project.provide('cluster', { kubeconfig: chosen, kubectl: 'kubectl', init: 0, image });
    return async () => {};
  }
  const directory = runDirectory(env);
  const { signal } = new AbortController();
  const { kubeconfig, programs, started } = await up({ directory, env, report, signal });
  const init = readState(runPaths(directory).state)?.init?.pid ?? 0;
  project.provide('cluster', { kubeconfig, kubectl: join(programs, 'kubectl'), init, image });
  return async () => {
    if (started) await down(directory);
  };
}

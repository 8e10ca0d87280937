import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { down } from './down.ts';
import { addressesOf } from './network.ts';
import { runDirectory, runPaths } from './paths.ts';
import { ClusterProblem } from './problem.ts';
import { readState } from './state.ts';
import { clusterStatus } from './status.ts';
import { up } from './up.ts';

// npm run cluster -- up | down | status | kubectl … | kubeconfig
const { env } = process;
const report = (line: string) => process.stderr.write(`cluster: ${line}\n`);

async function runUp(): Promise<void> {
  const stopping = new AbortController();
  let interruptedBy: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (interruptedBy !== undefined) return;
      interruptedBy = name;
      report('stopping, and taking away what was started');
      stopping.abort();
    });
  }
  const directory = runDirectory(env);
  try {
    const { started, kubeconfig } = await up({ directory, env, report, signal: stopping.signal });
    if (!started) report('is up already');
    console.log(`export KUBECONFIG=${kubeconfig}`);
  } catch (error) {
    if (interruptedBy === undefined) throw error;
    process.exitCode = 128 + constants.signals[interruptedBy];
  }
}

/** kubectl of the cluster's own version, with this terminal; its exit code is ours. */
async function runKubectl(args: readonly string[]): Promise<void> {
  const { kubeconfig, state } = runPaths(runDirectory(env));
  const running = readState(state);
  if (running === undefined || !existsSync(kubeconfig)) {
    throw new ClusterProblem('There is no cluster. Start it: npm run cluster -- up');
  }
  const noProxy = [env['NO_PROXY'] ?? env['no_proxy'], addressesOf(running.slot).node]
    .filter(Boolean)
    .join(',');
  const child = spawn(join(running.programs, 'kubectl'), args, {
    stdio: 'inherit',
    env: { ...env, KUBECONFIG: kubeconfig, NO_PROXY: noProxy, no_proxy: noProxy },
  });
  // A Ctrl-C is kubectl's to answer.
  process.on('SIGINT', () => {});
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

const program = new Command('npm run cluster --')
  .enablePositionalOptions()
  .description(
    'A Kubernetes of one node on this machine, without a container engine and without a registry. Needs Linux and root.',
  )
  .addHelpText(
    'after',
    `
The tests take any cluster by KUBECONFIG; this one is for machines that have none.
LONGHAUL_CLUSTER_DIR is where its data lies (by default in the cache); one cluster for each folder.

Example:
  npm run cluster -- up
  npm run cluster -- kubectl get nodes
  npm run cluster -- down`,
  );
program
  .command('up')
  .description(
    'starts it; the first time its programs are built from Go modules and its images from Debian packages',
  )
  .action(runUp);
program
  .command('down')
  .description('ends it and takes away all that it has put on the machine; logs and what is cached stay')
  .action(async () => {
    const was = await down(runDirectory(env));
    report(was ? 'is down' : 'there was none');
  });
program
  .command('status')
  .description('what runs, and since when; exit code 1 when something does not')
  .action(async () => {
    const { healthy, lines } = await clusterStatus(runDirectory(env));
    for (const line of lines) console.log(line);
    if (!healthy) process.exitCode = 1;
  });
program
  .command('kubeconfig')
  .description('prints the path of its kubeconfig')
  .action(() => {
    const { kubeconfig } = runPaths(runDirectory(env));
    if (!existsSync(kubeconfig))
      throw new ClusterProblem('There is no cluster. Start it: npm run cluster -- up');
    console.log(kubeconfig);
  });
program
  .command('kubectl [args...]')
  .description('runs kubectl on it')
  .helpOption(false)
  .allowUnknownOption()
  .passThroughOptions()
  .action(async (args: readonly string[]) => runKubectl(args));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ClusterProblem)) throw error;
  report(error.message);
  process.exitCode = 4;
}

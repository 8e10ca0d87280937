import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { childOf, enterArguments, identityOf } from '../../tools/cluster/box.ts';
import { runProgram } from '../../tools/cluster/run-program.ts';
import { stopProcess } from '../../workers/stop-process.ts';

export interface FakeOutside extends AsyncDisposable {
  /** Each answers on a TCP connect while nothing forbids it. */
  readonly targets: readonly string[];
}

const publicHost = '203.0.113.10';
const metadata = '169.254.169.254';
const server = `require('node:net').createServer((s) => s.end()).listen(8080, '0.0.0.0', () => console.log('listening'))`;

/**
 * A world beside a cluster of this machine: a public host and a cloud's metadata service, which the node has routes to and
 * nobody else. `init` is the first process of the cluster's namespaces. Nothing of it leaves the machine.
 */
export async function fakeOutside(init: number): Promise<FakeOutside> {
  const inside = [...enterArguments(init), 'unshare', '--net', '--', process.execPath, '-e', server];
  const outer = spawn('nsenter', inside, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(outer.stdout, 'data');
  const pid = childOf(outer.pid ?? 0) ?? 0;
  const node = (...args: string[]) => runProgram('nsenter', ['-t', String(init), '-n', 'ip', ...args]);
  const world = (...args: string[]) => runProgram('nsenter', ['-t', String(pid), '-n', 'ip', ...args]);
  await node('link', 'add', 'outside', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await node('address', 'add', '198.18.0.1/30', 'dev', 'outside');
  await node('link', 'set', 'outside', 'up');
  await world('link', 'set', 'lo', 'up');
  await world('address', 'add', '198.18.0.2/30', 'dev', 'eth0');
  await world('link', 'set', 'eth0', 'up');
  for (const address of [publicHost, metadata]) {
    await world('address', 'add', `${address}/32`, 'dev', 'lo');
    await node('route', 'add', `${address}/32`, 'via', '198.18.0.2');
  }
  return {
    targets: [`${publicHost}:8080`, `${metadata}:8080`],
    [Symbol.asyncDispose]: async () => {
      await stopProcess(identityOf(pid), 5_000);
    },
  };
}

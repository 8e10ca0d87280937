import { podPlace, subPath } from '../../sandbox/pod/places.ts';
import { waitingFifo } from './agent-look.ts';

/** What the keeper's container tries, in the network that it shares with the agent's. */
export interface NetworkTargets {
  /** By name, `host:port`; `$NODE` and `$API` stand for the addresses that the cluster tells a pod. */
  readonly connect: Readonly<Record<string, string>>;
}

export const neighbourPort = 8_099;

/** What the agent's container shows, and a keeper makes. */
const mounted = [
  podPlace.control,
  podPlace.workspace,
  `${podPlace.agentGit}/lent/0`,
  `${podPlace.source}/${subPath.source}`,
];

/** A pod that answers everybody. */
export const neighbourProgram = `require('node:net').createServer((s) => s.end()).listen(${neighbourPort}, '0.0.0.0')`;

/**
 * Connects to each target at once, in the first moment of the pod, and again once a network that comes late is there; and asks the cluster's
 * resolver for a name. The names of what answered are the container's termination message. Node's own modules alone.
 */
export const networkLook = `
const { connect } = require('node:net');
const { Resolver } = require('node:dns').promises;
const { mkdirSync, writeFileSync } = require('node:fs');
const { execFileSync } = require('node:child_process');
const { setTimeout: delay } = require('node:timers/promises');
for (const place of ${JSON.stringify(mounted)}) mkdirSync(place, { recursive: true });
execFileSync('mkfifo', ['-m', '600', '${podPlace.control}/${waitingFifo}']);
const targets = JSON.parse(process.argv[1]);
const { KUBERNETES_SERVICE_HOST: api = '127.0.0.1', NODE: node = '127.0.0.1' } = process.env;
const reached = new Set();
const attempt = (name, target) => new Promise((resolve) => {
  const [host, port] = target.replace('$API', api).replace('$NODE', node).split(/:(?=[0-9]+$)/);
  const socket = connect({ host, port: Number(port) });
  const end = () => { socket.destroy(); resolve(); };
  socket.setTimeout(1500, end);
  socket.on('error', end);
  socket.on('connect', () => { reached.add(name); end(); });
});
const ask = async () => {
  const resolver = new Resolver({ timeout: 1500, tries: 1 });
  resolver.setServers([api.replace(/[0-9]+$/, '10')]);
  try { await resolver.resolve4('kubernetes.default.svc.cluster.local'); reached.add('DNS'); }
  catch (error) { if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') reached.add('DNS'); }
};
const round = () => Promise.all([...Object.entries(targets.connect).map(([name, target]) => attempt(name, target)), ask()]);
(async () => {
  await round();
  await delay(500);
  await round();
  writeFileSync('/dev/termination-log', JSON.stringify([...reached]));
})();
`;

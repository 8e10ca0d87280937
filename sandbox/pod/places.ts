import { inside } from '../inside.ts';

/** Where things are in a pod, as the keeper sees them. */
export const podPlace = {
  /** The keeper's own: its repository and the records of steps. No other container has it. */
  lease: '/longhaul/lease',
  /** What steps are given: the keeper writes it, the agent reads what it knows the name of. */
  control: '/longhaul/control/steps',
  /** The source's repository; the agent sees its objects. */
  source: '/longhaul/source',
  /** A volume with repositories that the operator keeps, if there is one; the agent does not have it. */
  mirror: '/longhaul/mirror',
  /** The agent's `.git`, as the keeper sees it. */
  agentGit: '/longhaul/agent-git/repository',
  /** A copy of the image's shell, which commands cannot read: see `agentCommand`. */
  shell: '/run/longhaul/shell',
  workspace: '/longhaul/workspace/files',
} as const;

/** Names below `control`. */
export const controlFile = {
  runner: 'runner.sh',
  /** A FIFO: lines for the step runner. */
  commands: 'commands',
  /** A FIFO: lines of the step runner. */
  reports: 'reports',
} as const;

/** What the agent's container shows of volumes: directories that the keeper makes, so that they belong to the commands' user. */
export const subPath = {
  workspace: 'files',
  agentGit: 'repository',
  control: 'steps',
  source: 'objects',
} as const;

/** Where the agent's repository borrows the source's objects; see `makeAgentRepository`. */
export const lentObjects = `${inside.git}/lent/0`;

/** The keeper's socket, below `lease`. */
export const keeperSocket = 'keeper.sock';

const port = 'KUBERNETES_PORT_443_TCP';
const kubeletVariables = [
  'HOSTNAME',
  ...['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTPS', 'PORT'].map((name) => `KUBERNETES_${name}`),
  ...['', '_PROTO', '_PORT', '_ADDR'].map((part) => `${port}${part}`),
];

/**
 * What the agent's container runs, with the limit of processes as its argument; a POSIX shell and cp(1) of any image will do. The kernel closes
 * memory and descriptors of a process whose program its user cannot read: commands are of the same user, and could otherwise make the runner
 * report what did not happen. Without its keeper the runner ends, and the pod with it.
 */
export const agentCommand = [
  // What the kubelet adds, told or not: where the API server is.
  `unset ${kubeletVariables.join(' ')}`,
  `control=${inside.control}`,
  // The first process is this shell: one that is a link or an applet of busybox is no file of its own name.
  `cp /proc/1/exe ${podPlace.shell}/sh && chmod 111 ${podPlace.shell}/sh || exit 125`,
  `until [ -p "$control/${controlFile.commands}" ]; do sleep 0.02 2>/dev/null || sleep 1; done`,
  `exec ${podPlace.shell}/sh "$control/${controlFile.runner}" "$control" "$1" counts <"$control/${controlFile.commands}" 3>"$control/${controlFile.reports}"`,
].join('\n');

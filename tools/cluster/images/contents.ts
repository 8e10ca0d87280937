/** The suite of Debian that the images are made from. */
export const debianSuite = 'bookworm';

/** Whom the commands of a task run as: nobody's account anywhere else. */
export const taskUserId = 65532;

/** What every Debian image has beyond the minimum that boots. */
export const pythonPackages = ['python3', 'ca-certificates'];

/** What the task image has on top: the tools that repositories expect to be there. */
export const taskPackages = [
  ...['git', 'openssh-client', 'patch', 'curl', 'jq', 'ripgrep', 'procps', 'xz-utils', 'unzip', 'zip'],
  ...['python3-venv', 'python3-pip', 'python3-dev'],
  ...['gcc', 'g++', 'make', 'libc6-dev', 'pkg-config'],
];

/** The npm of the task image; Node is the one that runs this. */
export const npmVersion = '11.21.2';

export interface Image {
  /** The file in the cache, without its ending. */
  readonly file: string;
  readonly reference: string;
  readonly entrypoint: readonly string[];
}

const reference = (name: string) => `localhost/longhaul/${name}:dev`;

export const images = {
  /** git, Node, Python and a C toolchain on Debian: what tasks run in. */
  task: { file: 'task', reference: reference('task'), entrypoint: ['/bin/bash'] },
  /** Debian's minimum and Python: no git, no Node. */
  python: { file: 'python', reference: reference('python'), entrypoint: ['/bin/sh'] },
  /** No glibc: Debian's static busybox for shell and tools, and musl's libc with its loader. Not Alpine. */
  musl: { file: 'musl', reference: reference('musl'), entrypoint: ['/bin/sh'] },
  /** The task image with Longhaul's keeper: not for commands of tasks. */
  keeper: { file: 'keeper', reference: reference('keeper'), entrypoint: [] },
  /** Holds the namespaces of a pod. */
  pause: { file: 'pause', reference: reference('pause'), entrypoint: ['/pause'] },
} as const satisfies Record<string, Image>;

export type ImageName = keyof typeof images;

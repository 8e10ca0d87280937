/** Where things are inside of a sandbox, wherever that is. */
export const inside = {
  workspace: '/workspace',
  git: '/workspace/.git',
  home: '/home/agent',
  tmp: '/tmp',
  control: '/run/longhaul/control',
  runner: '/run/longhaul/runner.sh',
  /** The shell that runs the runner. */
  shell: '/run/longhaul/sh',
} as const;

/** What every command finds in its environment, beside the search path. */
export const agentEnvironment = {
  HOME: inside.home,
  TMPDIR: inside.tmp,
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  NO_COLOR: '1',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  CI: '1',
  // Python takes compiled code for the source of the same second and size: a check would judge the code before the fix.
  PYTHONDONTWRITEBYTECODE: '1',
} as const;

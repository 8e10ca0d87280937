/** Programs and built-ins whose arguments hold another command. They are never allowed by a prefix; what is inside counts for ask and deny. */
export const wrappers: ReadonlySet<string> = new Set(
  `env timeout nohup xargs sudo doas su nice ionice setsid strace ltrace taskset time stdbuf chroot unshare nsenter
  command exec builtin eval trap source . watch parallel flock script busybox runuser setpriv prlimit chrt numactl
  compgen complete mapfile readarray coproc entr unbuffer systemd-run faketime fakeroot gdb valgrind perf rlwrap expect
  proot firejail bwrap dbus-run-session ssh-agent start-stop-daemon toolbox caffeinate`
    .trim()
    .split(/\s+/),
);

/** Wrappers that give an argument to a shell as text. */
export const textWrappers: ReadonlySet<string> = new Set(
  'eval trap su script watch env parallel flock busybox runuser compgen complete mapfile readarray entr expect gdb'.split(
    ' ',
  ),
);

/** Shells: with `-c` or on their standard input they run text. */
export const shells: ReadonlySet<string> = new Set([
  'bash',
  'sh',
  'dash',
  'zsh',
  'ksh',
  'ash',
  'mksh',
  'fish',
  'csh',
  'tcsh',
]);

/** Shells whose text is read by the same grammar, so that what is inside may be allowed. */
export const understoodShells: ReadonlySet<string> = new Set([
  'bash',
  'sh',
  'dash',
  '/bin/bash',
  '/bin/sh',
  '/usr/bin/bash',
]);

/** Wrappers that append words of their standard input, or of what they find, to the command. */
export const appendingWrappers: ReadonlySet<string> = new Set(['xargs', 'parallel', 'entr', 'find']);

/** Options of `find` that are followed by a command. */
export const findCommands: ReadonlySet<string> = new Set(['-exec', '-execdir', '-ok', '-okdir']);

/** Wrappers that only look something up when their first option is one of these. */
export const lookups: Readonly<Record<string, readonly string[]>> = { command: ['-v', '-V'] };

/** Built-ins that set variables by name: after them the value of a loop's variable is not known. */
export const variableSetters: ReadonlySet<string> = new Set(
  'read printf export declare typeset local readonly mapfile readarray getopts let unset eval source .'.split(
    ' ',
  ),
);

/** Programs whose operands are written, moved or removed. */
export const writers: ReadonlySet<string> = new Set(
  'cp mv rm rmdir unlink touch tee ln install truncate shred dd chmod chown chgrp mkdir patch rsync sponge split'.split(
    ' ',
  ),
);

/** Programs that write their operands when one of these options is there. */
export const writersByOption: Readonly<Record<string, readonly string[]>> = {
  sed: ['-i', '--in-place'],
  perl: ['-i'],
  sort: ['-o', '--output'],
  curl: ['-o', '--output', '-O', '--remote-name'],
  wget: ['-O', '--output-document', '-P', '--directory-prefix'],
  yq: ['-i', '--inplace'],
  prettier: ['--write', '-w'],
  git: ['--output'],
};

/** First words of commands that write what follows. */
export const writingSubcommands: readonly (readonly string[])[] = [
  ['git', 'rm'],
  ['git', 'mv'],
  ['git', 'checkout'],
  ['git', 'restore'],
];

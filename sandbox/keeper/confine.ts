import { mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { mountArguments } from './bubblewrap.ts';
import { type ConfinedShell, startConfinedShell } from './confined-shell.ts';
import { objectDirectories } from './git-directories.ts';
import { type Mount, systemMounts } from './root-files.ts';

export interface ConfinedCall {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
}

export interface ConfinedResult {
  /** -1 when the program could not be brought to an end. */
  readonly exitCode: number;
  readonly stdout: Buffer;
  /** At most 64 KiB. */
  readonly stderr: string;
}

/** Runs the keeper's own programs, at most two at once, in the workspace. */
export interface Confine {
  run(call: ConfinedCall): Promise<ConfinedResult>;
  /** Ends what runs, and resolves when it has ended; later calls start anew. */
  end(): Promise<void>;
}

const shellCount = 2;

/**
 * Lets the keeper's own programs see the workspace and the keeper's repository, at their own paths, and the system's programs; nothing else
 * of the machine. Such a program looks at a path before it opens it: a directory that turns into a symbolic link in between, under the hands
 * of a command that was not stopped, then leads to a place that is not there. Stopping the commands alone is not relied upon.
 */
export function createConfine(deps: {
  readonly bwrap: string;
  readonly sh: string;
  /** Further programs that are run; they may lie outside of the system's directories. */
  readonly programs: readonly string[];
  readonly gitDir: string;
  readonly workTree: string;
}): Confine {
  const scratch = path.join(deps.gitDir, 'longhaul');
  let lent = '';
  let shells: { readonly shell: ConfinedShell; calls: number }[] = [];
  const end = async (): Promise<void> => {
    const ending = shells.map(({ shell }) => shell.end());
    shells = [];
    await Promise.all(ending);
  };

  const freeShell = () => {
    const borrowed = objectDirectories(deps.gitDir).filter((directory) => !isBelow(directory, deps.gitDir));
    // A namespace shows what was lent when it was made.
    if (borrowed.join('\n') !== lent) void end();
    lent = borrowed.join('\n');
    shells = shells.filter(({ shell }) => !shell.isEnded());
    const idle = shells.find(({ calls }) => calls === 0);
    if (idle !== undefined) return idle;
    if (shells.length === shellCount) return shells.reduce((a, b) => (b.calls < a.calls ? b : a));
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    const taken = new Set(shells.map(({ shell }) => shell.name));
    const name = ['a', 'b'].find((letter) => !taken.has(letter)) ?? 'a';
    const entry = {
      shell: startConfinedShell({ command: commandLine(deps, borrowed), scratch, name }),
      calls: 0,
    };
    shells.push(entry);
    return entry;
  };

  return {
    end,
    async run(call) {
      const entry = freeShell();
      entry.calls += 1;
      try {
        return await entry.shell.run(call);
      } finally {
        entry.calls -= 1;
      }
    },
  };
}

function commandLine(
  { bwrap, sh, programs, gitDir, workTree }: Parameters<typeof createConfine>[0],
  lent: readonly string[],
): readonly [string, ...string[]] {
  const mounts: readonly Mount[] = [
    ...systemMounts([]),
    ...[sh, ...programs].flatMap(programMounts),
    ...lent.map((directory): Mount => ({ kind: 'read-only', from: directory, to: directory })),
    { kind: 'read-write', from: gitDir, to: gitDir },
    { kind: 'read-write', from: workTree, to: workTree },
  ];
  const namespaces = [
    '--unshare-user-try',
    '--unshare-net',
    '--unshare-pid',
    '--as-pid-1',
    '--die-with-parent',
  ];
  const places = ['--dev', '/dev', ...mounts.flatMap(mountArguments), '--chdir', workTree];
  return [bwrap, ...namespaces, ...places, '--', sh, '-s'];
}

/** A program that lies elsewhere than in the system's directories. */
function programMounts(program: string): readonly Mount[] {
  const directory = path.dirname(realpathSync(program));
  if (['/usr', '/bin', '/opt'].some((known) => isBelow(directory, known))) return [];
  return [{ kind: 'read-only', from: directory, to: directory }];
}

function isBelow(place: string, directory: string): boolean {
  return place === directory || place.startsWith(`${directory}/`);
}

import { userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../cli/local/clock.ts';
import { editText } from '../../cli/local/edit-text.ts';
import { programName } from '../../cli/local/program-name.ts';
import type { FollowPlatform } from '../../cli/platform.ts';
import { createNodeTerminal } from '../../cli/terminal/node-terminal.ts';
import { shellWord } from '../../contracts/shell-word.ts';

/** What watching the demo's task needs; `home` is the demo's own, so that every command that it names has to name it. */
export function demoPlatform(root: string, home: string): FollowPlatform {
  const { stdin, stdout, stderr, env } = process;
  const { NO_COLOR: noColor, FORCE_COLOR: forceColor, TERM: term, VISUAL, EDITOR } = env;
  const own = programName({
    executable: join(root, 'bin', 'longhaul'),
    env,
    workingDirectory: process.cwd(),
  });
  return {
    terminal: createNodeTerminal({ stdin, stdout, stderr }, { noColor, forceColor, term }),
    program: `LONGHAUL_HOME=${shellWord(home)} ${own}`,
    docs: join(root, 'docs', 'errors', '/'),
    user: userInfo().username,
    clock: systemClock,
    // Named in commands that nobody has to type here: where no person can be asked the demo answers itself.
    server: async () => null,
    editText: (text, fileName) => editText(VISUAL ?? EDITOR, text, fileName),
  };
}

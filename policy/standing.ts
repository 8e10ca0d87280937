import type { StandingRule } from '../contracts/decision.ts';
import type { SimpleCommand } from './parse-command.ts';
import { insidePath } from './paths.ts';
import { isWrapper, programName } from './unwrap.ts';
import { shells } from './wrappers.ts';
import { isDevice } from './written-paths.ts';

/** Programs whose further words decide everything: the beginning of their command says too little to let it stand. */
const decidedByOperands: ReadonlySet<string> = new Set(
  `rm find xargs curl wget ssh scp sftp rsync nc ncat socat telnet dd tar awk sed perl python python3 node ruby php deno bun
  psql mysql sqlite3 osascript docker podman kubectl make`
    .trim()
    .split(/\s+/),
);

const maxPrefixWords = 20;
const maxPrefixLength = 500;

/** Whether a command is all literal words, with nothing around them: what a standing rule can cover. */
function isPlain(command: SimpleCommand): boolean {
  const literal = command.words.length > 0 && command.words.every((word) => word.certainty === 'literal');
  const bare = command.assignments.length === 0 && command.files.every((file) => isDevice(file.target));
  return literal && bare && !command.wrapped && !isWrapper(command.words);
}

/** The first standing rule that covers a command; null when none does. */
export function coversCommand(standing: readonly StandingRule[], command: SimpleCommand): number | null {
  if (!isPlain(command)) return null;
  const index = standing.findIndex(
    (rule) =>
      rule.kind === 'shell' &&
      rule.prefix.length > 0 &&
      rule.prefix.every((word, at) => command.words[at]?.text === word),
  );
  return index < 0 ? null : index;
}

/** The first standing rule that covers all of a patch's paths; null when none does. */
export function coversPatch(standing: readonly StandingRule[], paths: readonly string[]): number | null {
  const normal = (path: string): string => insidePath(path) ?? path;
  const index = standing.findIndex((rule) => {
    if (rule.kind !== 'apply_patch') return false;
    const covered = new Set(rule.paths.map(normal));
    return paths.length > 0 && paths.every((path) => covered.has(normal(path)));
  });
  return index < 0 ? null : index;
}

/** What "let it stand for this task" would cover: a program with its sub-commands, or the whole command; null for what a beginning says too little about. */
export function proposePrefix(command: SimpleCommand): string[] | null {
  if (!isPlain(command)) return null;
  const words = command.words.map((word) => word.text);
  const name = programName(command.words[0]);
  if (decidedByOperands.has(name) || shells.has(name)) return null;
  const end = words.findIndex((word, index) => index > 0 && !/^[a-z][a-z0-9:_-]*$/.test(word));
  const subcommands = end < 0 ? words : words.slice(0, end);
  const prefix = subcommands.length > 1 ? subcommands.slice(0, 3) : words;
  return prefix.length <= maxPrefixWords && prefix.join(' ').length <= maxPrefixLength ? prefix : null;
}

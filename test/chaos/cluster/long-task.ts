import { brokenSum, conversation, sumCheck, type TurnInput } from '../../helpers/e2e-scenario.ts';
import { git } from '../../helpers/git-fixture.ts';

export const iterations = 20;
/** Faults strike before the last ones, which make the workspace whole again whatever was lost. */
export const lastStruck = 15;
export const instruction = 'Mend the sum (long).';

/** A task without progress would ask people whether to go on. */
const reaches = (lines: number) => ({
  name: `${lines} lines`,
  command: `[ -e runs.log ] && [ "$(wc -l < runs.log)" -ge ${lines} ]`,
});
export const checks = [sumCheck, reaches(3), reaches(8), reaches(13)];

export const wordOf = (iteration: number): string => `word-${iteration}`;

const mended = 'export const sum = (a, b) => a + b;\n';
const mend = `printf '%s' '${mended.trim()}' > sum.js; echo >> sum.js`;

/** Each command counts itself, takes a while, and makes the log what it is to be after it: one that is lost leaves no gap behind the next. */
const turnOf = (iteration: number, count: (word: string) => string): TurnInput => {
  const line = `${count(wordOf(iteration))}; sleep 0.4; seq 1 ${iteration} > runs.log`;
  return { reply: [{ exec_command: iteration > lastStruck ? `${line}; ${mend}` : line }] };
};

/** Nineteen commands and the word that it is done. */
export function longTask(count: (word: string) => string) {
  const commands = Array.from({ length: iterations - 1 }, (_, index) => turnOf(index + 1, count));
  return { conversations: [conversation('long', [...commands, { reply: [{ message: 'It adds now.' }] }])] };
}

const log = Array.from({ length: iterations - 1 }, (_, index) => `${index + 1}\n`).join('');
const finalFiles = Object.entries({ ...brokenSum, 'sum.js': mended, 'runs.log': log });

/** What differs from the tree that the task ends with when nothing strikes it. */
export function treeProblems(repository: string, branch: string): readonly string[] {
  const text = (entries: readonly (readonly [string, unknown])[]): string =>
    entries
      .map(([file, content]) => `${file}: ${String(content).trim()}`)
      .sort()
      .join('\n');
  const files = git(repository, 'ls-tree', '-r', '--name-only', branch)
    .split('\n')
    .filter((file) => file !== '' && file !== '.task');
  const found = text(files.map((file) => [file, git(repository, 'show', `${branch}:${file}`)]));
  const wanted = text(finalFiles);
  return found === wanted ? [] : [`expected the tree\n${wanted}\nfound\n${found}`];
}

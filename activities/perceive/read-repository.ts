import type { CommitId, TaskId } from '../../contracts/ids.ts';
import type { Check } from '../../contracts/task.ts';
import type { TaskRepository } from '../../contracts/task-repository.ts';
import { type ContextSummary, readContext } from './context.ts';
import type { SetupInput } from './setup-inputs.ts';

export interface RepositoryFacts {
  readonly files: number;
  /** What the model reads. */
  readonly text: string;
  readonly checks: readonly Check[];
  /** The files that name the checks. */
  readonly checksFrom: string;
  /** At most ten short lines for people. */
  readonly summary: readonly string[];
  /** What a setup's result depends on besides its commands. */
  readonly setupInputs: readonly SetupInput[];
}

export interface ReadRepositoryInput {
  readonly taskId: TaskId;
  readonly commit: CommitId;
  readonly paths: readonly string[];
  readonly setup: readonly string[];
}

const maxLines = 10;
const maxLineLength = 160;

/** Reads the repository of a task at a commit, by objects only. */
export async function readRepository(
  repositories: Pick<TaskRepository, 'list' | 'read'>,
  { taskId, commit, paths, setup }: ReadRepositoryInput,
): Promise<RepositoryFacts> {
  const entries = await repositories.list(taskId, commit);
  const { text, summary, setupInputs } = await readContext(
    { entries, read: (wanted, maxBytes) => repositories.read(taskId, commit, wanted, maxBytes) },
    { paths, setup },
  );
  return {
    files: entries.length,
    text,
    checks: summary.checks.map(({ name, command }) => ({ name, command })),
    checksFrom: [...new Set(summary.checks.map(({ from }) => from))].join(', ') || 'none found',
    summary: summaryLines(summary),
    setupInputs,
  };
}

/** For people; what was dropped or cut goes before what was found. */
export function summaryLines({
  languages,
  tools,
  conventions,
  notes,
  mapTokens,
}: ContextSummary): readonly string[] {
  const cut = conventions.files.filter(({ bytes, keptBytes }) => keptBytes < bytes);
  const lines = [
    `Languages: ${languages.map(({ language, share }) => `${language} ${Math.round(share * 100)} %`).join(', ') || 'none known'}`,
    `Tools: ${tools.map(({ name, version }) => (version === null ? name : `${name} ${version}`)).join(', ') || 'none known'}`,
    `Conventions: ${conventions.files.map(({ path }) => path).join(', ') || 'no AGENTS.md'}`,
    `Map of the repository: ${mapTokens} tokens`,
    ...cut.map(
      ({ path, bytes, keptBytes }) => `Cut: ${path}, the first ${keptBytes} of ${bytes} bytes are read`,
    ),
    ...conventions.dropped.map(({ path, reason }) => `Not read: ${path}, ${reason}`),
    ...notes.map(({ text }) => text),
  ].map(shortLine);
  const more = lines.length - (maxLines - 1);
  return lines.length > maxLines ? [...lines.slice(0, maxLines - 1), `and ${more} more like these`] : lines;
}

function shortLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return line.length > maxLineLength ? `${line.slice(0, maxLineLength - 1)}…` : line;
}

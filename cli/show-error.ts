import { LonghaulError } from '../contracts/error.ts';
import { errorTable } from '../contracts/words/errors.ts';
import { splitLines } from './terminal/escape.ts';
import { jsonLine } from './terminal/json-line.ts';
import { type Line, line, lineAt, tone } from './terminal/line.ts';
import { renderLines } from './terminal/render.ts';
import type { Terminal } from './terminal/terminal.ts';
import { asTyped } from './view/as-typed.ts';

export interface ErrorContext {
  readonly json: boolean;
  /** Whether the stack is wanted. */
  readonly debug: boolean;
  /** Where `docs/errors/` is, as a path or URL. */
  readonly docs: string;
  readonly program: string;
}

/** Tells a person or a program what went wrong, and gives the exit code. In JSON it is the last line on standard output. */
export async function showError(terminal: Terminal, error: unknown, context: ErrorContext): Promise<number> {
  const known = error instanceof LonghaulError ? error : unexpected(error);
  if (context.json) {
    const { code, details } = known;
    const message = asTyped(known.message, context.program);
    await terminal.write(jsonLine({ type: 'error', code, message, details }));
  } else {
    const { color } = terminal.facts();
    const rows = renderLines(errorLines(known, context), { columns: Number.POSITIVE_INFINITY, color });
    await terminal.writeError(`${rows.join('\n')}\n`);
  }
  if (context.debug) await terminal.writeError(`${stackOf(error)}\n`);
  return errorTable[known.code].exitCode;
}

/** Pure: the message, and where more is to be read. */
function errorLines(error: LonghaulError, context: ErrorContext): readonly Line[] {
  const [first = '', ...more] = splitLines(asTyped(error.message, context.program));
  const stack =
    error.code === 'internal.bug' && !context.debug
      ? [lineAt(2, `This is a bug of Longhaul. With LONGHAUL_DEBUG=1 the same command shows where.`)]
      : [];
  return [
    line(tone('bad', `error ${error.code}`), ': ', first),
    ...more.map((text) => lineAt(2, text)),
    ...stack,
    lineAt(2, tone('dim', `more: ${context.docs}${error.code}.md`)),
  ];
}

function unexpected(error: unknown): LonghaulError {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new LonghaulError('internal.bug', message, { cause: error });
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

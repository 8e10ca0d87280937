import { openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskError, ensurePrivateDirectory } from './state-dir.ts';

const maxBytes = 20 * 1024 * 1024;

/**
 * Opens the log of a background process for appending, for its owner alone; one over 20 MiB is put aside first as `.1`.
 * The caller closes it. Throws `disk.full` or `disk.no_permission`.
 */
export function openLog(file: string): number {
  ensurePrivateDirectory(dirname(file));
  try {
    if (statSync(file).size > maxBytes) renameSync(file, `${file}.1`);
  } catch {
    // There is none yet.
  }
  try {
    return openSync(file, 'a', 0o600);
  } catch (error) {
    throw diskError(error, `write ${file}`);
  }
}

/** The last lines of a log, indented, to stand in an error message. */
export function endOfLog(file: string, lines = 8): string {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return '  (there is no log)';
  }
  const last = text.trimEnd().split('\n').slice(-lines);
  return last.map((line) => `  ${line.slice(0, 500)}`).join('\n');
}

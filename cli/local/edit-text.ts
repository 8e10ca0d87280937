import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';

/**
 * Lets a person change a text in their editor, which may have arguments (`code --wait`) and is run by the shell, as git does it.
 * Null when there is no editor. Throws `usage.invalid` when the editor ends with a failure. The file is private and removed again.
 */
export async function editText(
  editor: string | undefined,
  text: string,
  fileName: string,
): Promise<string | null> {
  if (editor === undefined || editor.trim() === '') return null;
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-edit-'));
  try {
    const file = join(folder, fileName);
    await writeFile(file, text, { mode: 0o600 });
    const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    const [exitCode] = await once(child, 'close');
    if (exitCode !== 0) {
      throw new LonghaulError(
        'usage.invalid',
        `The editor "${editor}" ended with ${String(exitCode)}, so nothing was changed.`,
      );
    }
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

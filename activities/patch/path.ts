const maxPathBytes = 4096;

/**
 * A patch's path in normal form, or the reason why it is refused: absolute, out of the workspace, into a git directory under any name
 * that a file system may take for `.git`, or no path at all.
 */
export function checkPath(
  path: string,
): { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string } {
  const refused = (why: string) =>
    ({ ok: false, reason: `patch rejected: ${JSON.stringify(path)} ${why}` }) as const;
  if (path.includes('\0')) return refused('holds a NUL character');
  if (Buffer.byteLength(path) > maxPathBytes) return refused(`is longer than ${maxPathBytes} bytes`);
  if (/^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)) {
    return refused('is absolute; paths are relative to the root of the workspace');
  }
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.length === 0 || path.endsWith('/')) return refused('names no file');
  const parts = segments.flatMap((segment) => segment.split('\\'));
  if (parts.includes('..')) return refused('leads out of the workspace');
  if (parts.some(isGitName)) return refused('lies in a git directory, which no patch may write');
  return { ok: true, path: segments.join('/') };
}

/** Characters that HFS+ ignores in names. Source: git's `is_hfs_dotgit`. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/** Whether a file system of any kind may open `.git` by this name: case, NTFS's short name, stream suffix and trailing dots and spaces. */
function isGitName(segment: string): boolean {
  const plain = segment
    .replace(ignoredByHfs, '')
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
  return plain === '.git' || plain === 'git~1';
}

/** A path without `.`, doubled or trailing slashes; null when it is absolute, leaves its folder, or holds a NUL. */
export function insidePath(path: string): string | null {
  if (!/^[^/~\0][^\0]*$/.test(path)) return null;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) return null;
    } else parts.push(part);
  }
  return parts.join('/') || '.';
}

/** Whether a path names a git directory or something in one, also by the other spellings that file systems take for it. */
export function isGitInternal(path: string): boolean {
  return path
    .split(/[/\\]/)
    .some((part) =>
      /^(?:\.git|git~[0-9]+)$/i.test(part.replaceAll(/[\p{Cf}]/gu, '').replace(/(?:::?\$.*|[ .:]+)$/u, '')),
    );
}

/** Whether a word is a path inside the workspace whatever the current folder below it is: relative, without `..`, in plain ASCII. */
export function isPlainPath(text: string): boolean {
  return /^[A-Za-z0-9_.@][A-Za-z0-9_./@+, :=%#()[\]-]*$/.test(text) && !hasPart(text, '..');
}

/** As `isPlainPath`, with no part that is hidden: dot-files steer tools. */
export function isPlainVisiblePath(text: string): boolean {
  return isPlainPath(text) && text.split('/').every((part) => part === '.' || !part.startsWith('.'));
}

/** Whether what a glob expands to is always such a path: it begins with a folder's name, so nothing it finds looks like an option. */
export function isPlainGlob(text: string): boolean {
  if (!/^(?:\.\/|[A-Za-z0-9_][A-Za-z0-9_.-]*\/)[A-Za-z0-9_./*?-]*$/.test(text)) return false;
  const [first = '', ...others] = text.split('/');
  return first !== '..' && others.every((part) => !part.startsWith('.'));
}

function hasPart(path: string, wanted: string): boolean {
  return path.split('/').includes(wanted);
}

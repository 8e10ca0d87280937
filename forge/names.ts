const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A path as text: itself when it is valid UTF-8, else in git's quoted form. */
export function decodeName(bytes: Buffer): { readonly path: string; readonly unusual: boolean } {
  try {
    const path = strictUtf8.decode(bytes);
    return { path, unusual: hasControl(bytes) };
  } catch {
    return { path: quoteName(bytes), unusual: true };
  }
}

function hasControl(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 0x20 || byte === 0x7f);
}

const escapes: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** Git's own quoting of unusual path names: core.quotePath in git-config(1). */
export function quoteName(bytes: Buffer): string {
  let quoted = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f;
    quoted += escapes[byte] ?? (plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`);
  }
  return `"${quoted}"`;
}

const shownNames = 3;

/** The first names of a list for one line of text, without control characters, and how many more there are. */
export function shownList(names: readonly string[]): string {
  const more = names.length > shownNames ? `, and ${names.length - shownNames} more` : '';
  const shown = names.slice(0, shownNames).map((name) => {
    const bytes = Buffer.from(name);
    return hasControl(bytes) ? quoteName(bytes) : name;
  });
  return shown.join(', ') + more;
}

/** The fields of a `-z` output. */
export function splitFields(bytes: Buffer): readonly Buffer[] {
  const fields: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    fields.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return fields;
}

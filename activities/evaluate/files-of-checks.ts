import picomatch from 'picomatch';

/** Files that are there to run other programs. Source that a check names, `node lib/sum.js`, is what a task is to change. */
const isScript = picomatch(
  ['**/*.{sh,bash,zsh,fish,bat,cmd,ps1,mk}', '**/{ci,.ci,scripts,script,tools,hack,bin,.github}/**'],
  { dot: true },
);

/**
 * Whether a check's command names a script, itself or by a script of the root's `package.json`: what that file holds decides what the check
 * does. A name without a folder fits in any folder, since a command may have changed into it. What those files name in turn is not followed.
 */
export function namedByChecks(
  commands: readonly string[],
  manifest: string | null,
): (path: string) => boolean {
  const named = new Set(reached(commands, scriptsOf(manifest)).flatMap(wordsOf));
  return (path) => isScript(path) && (named.has(path) || named.has(path.slice(path.lastIndexOf('/') + 1)));
}

/** The commands, and the scripts that they name, with those that run before and after them. */
function reached(commands: readonly string[], scripts: ReadonlyMap<string, string>): readonly string[] {
  const found = new Set(commands);
  // A set gives what is added while it is walked through, and each once.
  for (const text of found) {
    for (const script of wordsOf(text).flatMap(scriptsOfWord)) {
      const more = scripts.get(script);
      if (more !== undefined) found.add(more);
    }
  }
  return [...found];
}

function scriptsOfWord(word: string): readonly string[] {
  const name = word === 't' ? 'test' : word;
  return [`pre${name}`, name, `post${name}`];
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(/[\s"'`;&|<>(){}=,]+/)
    .map((word) => word.replace(/^(?:\.\/)+/, '').replace(/^\/workspace\//, ''))
    .filter((word) => word !== '');
}

function scriptsOf(manifest: string | null): ReadonlyMap<string, string> {
  try {
    const { scripts } = JSON.parse(manifest ?? '{}');
    return new Map(Object.entries(scripts ?? {}).map(([name, text]) => [name, String(text)]));
  } catch {
    // Not to be read at the base: a check that needs it fails there, and a change of it is a concern of its own.
    return new Map();
  }
}

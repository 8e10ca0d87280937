import { isFile, isForeign, nameOf, type Tree } from './tree.ts';

export interface LanguageShare {
  readonly language: string;
  readonly bytes: number;
  readonly files: number;
  /** Of the bytes of all files whose language is known, 0 to 1. */
  readonly share: number;
}

const extensions: Readonly<Record<string, string>> = {
  TypeScript: 'ts tsx mts cts',
  JavaScript: 'js jsx mjs cjs',
  Python: 'py pyi pyx',
  Go: 'go',
  Rust: 'rs',
  Java: 'java',
  Kotlin: 'kt kts',
  Scala: 'scala sc',
  Groovy: 'groovy gradle',
  Clojure: 'clj cljs cljc',
  'C#': 'cs',
  'F#': 'fs fsx fsi',
  C: 'c h',
  'C++': 'cc cpp cxx hh hpp hxx',
  'Objective-C': 'm mm',
  Swift: 'swift',
  Dart: 'dart',
  Ruby: 'rb rake',
  PHP: 'php',
  Perl: 'pl pm',
  Lua: 'lua',
  R: 'r',
  Julia: 'jl',
  Haskell: 'hs',
  OCaml: 'ml mli',
  Elixir: 'ex exs',
  Erlang: 'erl hrl',
  Zig: 'zig',
  Nim: 'nim',
  Shell: 'sh bash zsh fish',
  PowerShell: 'ps1 psm1',
  SQL: 'sql',
  HTML: 'html htm',
  CSS: 'css scss sass less',
  Vue: 'vue',
  Svelte: 'svelte',
  Terraform: 'tf tfvars',
  'Protocol Buffers': 'proto',
  GraphQL: 'graphql gql',
  Nix: 'nix',
  Solidity: 'sol',
  Assembly: 's asm',
};

const languageByExtension = new Map(
  Object.entries(extensions).flatMap(([language, list]) =>
    list.split(' ').map((extension) => [extension, language]),
  ),
);

/**
 * The languages that a repository's own code is written in, by file extension, the largest share first. Vendored and generated files do
 * not count; neither do data, text and configuration.
 */
export function findLanguages(tree: Pick<Tree, 'entries'>): readonly LanguageShare[] {
  const found = new Map<string, { bytes: number; files: number }>();
  for (const entry of tree.entries.filter((candidate) => isFile(candidate) && !isForeign(candidate.path))) {
    const language = languageOf(entry.path);
    if (language !== undefined) {
      const sum = found.get(language) ?? { bytes: 0, files: 0 };
      found.set(language, { bytes: sum.bytes + entry.bytes, files: sum.files + 1 });
    }
  }
  const total = [...found.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return [...found]
    .map(([language, { bytes, files }]) => ({
      language,
      bytes,
      files,
      share: total === 0 ? 0 : bytes / total,
    }))
    .sort((a, b) => b.bytes - a.bytes || (a.language < b.language ? -1 : 1));
}

export function languageOf(path: string): string | undefined {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? undefined : languageByExtension.get(name.slice(dot + 1).toLowerCase());
}

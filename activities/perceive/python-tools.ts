import { type Json, joinPath, listAt, type Manifests, objectAt, stringAt } from './manifests.ts';
import type { Tool } from './tool.ts';

const notable = new Set([
  ...[
    'django',
    'flask',
    'fastapi',
    'starlette',
    'tornado',
    'aiohttp',
    'pydantic',
    'sqlalchemy',
    'celery',
    'click',
  ],
  ...[
    'numpy',
    'pandas',
    'polars',
    'scipy',
    'torch',
    'tensorflow',
    'scikit-learn',
    'jax',
    'requests',
    'httpx',
  ],
  ...['pytest', 'tox', 'nox', 'hypothesis', 'mypy', 'pyright', 'ruff', 'black', 'flake8', 'pylint', 'isort'],
  ...['setuptools', 'hatchling', 'poetry-core', 'flit-core', 'maturin', 'cython'],
]);

/** What the files of Python packaging say of the interpreter and packages: PEP 621, PEP 735, Poetry, uv, pip and Pipenv. */
export function pythonTools(manifests: Manifests, directory: string): readonly Tool[] {
  const file = (name: string): string => joinPath(directory, name);
  const project = manifests.toml(file('pyproject.toml'));
  const tools: Tool[] = [];
  const pinned = manifests.text(file('.python-version'))?.trim().split(/\s/)[0];
  if (pinned) {
    tools.push({ name: 'python', version: pinned, from: file('.python-version') });
  }
  const requires =
    stringAt(project, 'project', 'requires-python') ??
    stringAt(project, 'tool', 'poetry', 'dependencies', 'python');
  if (requires !== undefined) {
    tools.push({ name: 'python', version: requires, from: file('pyproject.toml') });
  }
  const wanted = new Map([
    ...requirements(manifests, directory),
    ...projectRequirements(project, file('pyproject.toml')),
  ]);
  const locked = lockedVersions(manifests, directory);
  for (const name of [...wanted.keys()].sort()) {
    const asked = wanted.get(name);
    if (asked !== undefined && notable.has(name)) {
      tools.push(locked.get(name) ?? asked);
    }
  }
  return tools;
}

function projectRequirements(project: Json | undefined, from: string): readonly (readonly [string, Tool])[] {
  const groups = [
    listAt(project, 'project', 'dependencies'),
    listAt(project, 'build-system', 'requires'),
    ...Object.values(objectAt(project, 'project', 'optional-dependencies')).map((group) => listAt(group)),
    ...Object.values(objectAt(project, 'dependency-groups')).map((group) => listAt(group)),
  ];
  const poetry = [
    objectAt(project, 'tool', 'poetry', 'dependencies'),
    objectAt(project, 'tool', 'poetry', 'dev-dependencies'),
    ...Object.values(objectAt(project, 'tool', 'poetry', 'group')).map((group) =>
      objectAt(group, 'dependencies'),
    ),
  ];
  return [
    ...groups.flat().flatMap((line) => (typeof line === 'string' ? requirement(line, from) : [])),
    ...poetry.flatMap(Object.entries).map(([name, value]): readonly [string, Tool] => {
      const version = typeof value === 'string' ? value : (stringAt(value, 'version') ?? null);
      return [normal(name), { name: normal(name), version, from }];
    }),
  ];
}

function requirements(manifests: Manifests, directory: string): readonly (readonly [string, Tool])[] {
  return ['requirements.txt', 'requirements-dev.txt'].flatMap((name) => {
    const from = joinPath(directory, name);
    return (manifests.text(from) ?? '').split('\n').flatMap((line) => requirement(line, from));
  });
}

/** One line of PEP 508, `name[extras]>=1.0; marker`; nothing for options, URLs and comments. */
function requirement(line: string, from: string): readonly (readonly [string, Tool])[] {
  const match = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?\s*([<>=!~][^;#)]*)?/.exec(line);
  if (match?.[1] === undefined) {
    return [];
  }
  const name = normal(match[1]);
  const version = match[2]?.trim().replace(/^==\s*/, '') ?? null;
  return [[name, { name, version, from }]];
}

function lockedVersions(manifests: Manifests, directory: string): ReadonlyMap<string, Tool> {
  const found = new Map<string, Tool>();
  for (const file of ['uv.lock', 'poetry.lock']) {
    const from = joinPath(directory, file);
    for (const entry of listAt(manifests.toml(from), 'package')) {
      const name = normal(stringAt(entry, 'name') ?? '');
      found.set(name, { name, version: stringAt(entry, 'version') ?? null, from });
    }
  }
  const from = joinPath(directory, 'Pipfile.lock');
  for (const group of ['default', 'develop']) {
    for (const [key, value] of Object.entries(objectAt(manifests.json(from), group))) {
      const name = normal(key);
      found.set(name, { name, version: stringAt(value, 'version')?.replace(/^==/, '') ?? null, from });
    }
  }
  return found;
}

/** PEP 503: names are the same whatever their case and separators. */
function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

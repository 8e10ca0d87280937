import { joinPath, type Manifests } from './manifests.ts';
import { nodeTools } from './node-tools.ts';
import { pythonTools } from './python-tools.ts';
import { rustTools } from './rust-tools.ts';
import type { Tool } from './tool.ts';

/** Frameworks, runtimes and tools with their versions, from manifests and lock files; the first word on each name counts. */
export function findTools(manifests: Manifests): readonly Tool[] {
  const readers = [toolVersions, nodeTools, pythonTools, goTools, rustTools, otherTools];
  const found = new Map<string, Tool>();
  for (const directory of manifests.directories) {
    for (const tool of readers.flatMap((read) => read(manifests, directory))) {
      if (!found.has(tool.name)) {
        found.set(tool.name, tool);
      }
    }
  }
  return [...found.values()];
}

/** The file of asdf and mise: `name version`, a line each. */
function toolVersions(manifests: Manifests, directory: string): readonly Tool[] {
  const from = joinPath(directory, '.tool-versions');
  const lines = (manifests.text(from) ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.flatMap((line) => {
    const [name, version] = line.split(/\s+/);
    return name && version ? [{ name: name === 'nodejs' ? 'node' : name, version, from }] : [];
  });
}

const notableGo =
  /^(?:github\.com\/(?:gin-gonic\/gin|labstack\/echo|gofiber\/fiber|gorilla\/mux|go-chi\/chi|spf13\/cobra|urfave\/cli|stretchr\/testify|onsi\/ginkgo|jackc\/pgx)|gorm\.io\/gorm|google\.golang\.org\/(?:grpc|protobuf)|k8s\.io\/(?:client-go|apimachinery)|sigs\.k8s\.io\/controller-runtime|go\.temporal\.io\/sdk)(?:\/v\d+)?$/;

/** https://go.dev/ref/mod#go-mod-file */
function goTools(manifests: Manifests, directory: string): readonly Tool[] {
  const from = joinPath(directory, 'go.mod');
  const lines = (manifests.text(from) ?? '').split('\n').map((line) => line.replace(/\/\/.*/, '').trim());
  return lines.flatMap((line) => {
    const [first = '', second = '', third = ''] = line.split(/\s+/);
    if (first === 'go' || first === 'toolchain') {
      return [{ name: first === 'go' ? 'go' : 'go toolchain', version: second, from }];
    }
    const [name, version] = first === 'require' ? [second, third] : [first, second];
    return notableGo.test(name) && version.startsWith('v') ? [{ name, version, from }] : [];
  });
}

const byFile: readonly (readonly [string, string])[] = [
  ['Makefile', 'make'],
  ['makefile', 'make'],
  ['GNUmakefile', 'make'],
  ['pom.xml', 'maven'],
  ['build.gradle', 'gradle'],
  ['build.gradle.kts', 'gradle'],
  ['Gemfile', 'bundler'],
  ['composer.json', 'composer'],
];

function otherTools(manifests: Manifests, directory: string): readonly Tool[] {
  return byFile
    .map(([file, name]) => ({ name, version: null, from: joinPath(directory, file) }))
    .filter(({ from }) => manifests.has(from));
}

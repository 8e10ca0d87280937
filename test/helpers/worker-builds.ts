import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workerBuild } from '../../workers/build.ts';
import type { World } from './e2e-world.ts';

/** What makes another version of today's workflow code. */
export type BuildChange = (code: string) => string;

/** The same code as another version: nothing that it does is different. */
export const renamed =
  (name: string): BuildChange =>
  (code) =>
    `// ${name}\n${code}`;

/** A version that does something before anything else, which no other version has done: it can replay nothing of theirs, nor they of its. */
export const waitsFirst: BuildChange = (code) => {
  const [start, sdk] = [
    'async function codingTask(input) {',
    '_temporalio_workflow__WEBPACK_IMPORTED_MODULE_0__',
  ];
  if (!code.includes(start) || !code.includes(sdk)) throw new Error('the bundle looks different now');
  return code.replace(start, `${start} await (0,${sdk}.sleep)(1);`);
};

/** The same code with other constants, each given in milliseconds by its name. */
export const timed =
  (constants: Readonly<Record<string, number>>): BuildChange =>
  (code) =>
    Object.entries(constants).reduce((changed, [name, ms]) => {
      const found = changed.match(new RegExp(`const ${name} = \\d+;`, 'g')) ?? [];
      const [only] = found;
      if (only === undefined || found.length > 1)
        throw new Error(`the bundle has ${found.length} constants ${name}`);
      return changed.replace(only, `const ${name} = ${ms};`);
    }, code);

export interface TestBuild {
  readonly buildId: string;
  /** The environment of a worker that runs it. */
  readonly env: Readonly<Record<string, string>>;
}

/** A version of today's workflow code, changed. */
export async function testBuild(world: World, name: string, change: BuildChange): Promise<TestBuild> {
  const { codePath } = await workerBuild({});
  const changed = join(world.directory, `${name}.js`);
  writeFileSync(changed, change(readFileSync(codePath, 'utf8')));
  const env = { ...world.env, LONGHAUL_WORKFLOW_BUNDLE: changed };
  return { buildId: (await workerBuild(env)).buildId, env };
}

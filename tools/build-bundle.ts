import { writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { buildWorkflowBundle } from '../workers/bundle.ts';

// node tools/build-bundle.ts <file>: for a package and an image, which ship the bundle instead of making it.
const target = argv[2];
if (target === undefined) throw new Error('Say where the bundle goes: node tools/build-bundle.ts <file>');
await writeFile(target, await buildWorkflowBundle());

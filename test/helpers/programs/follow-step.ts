/** `node follow-step.ts <deps as JSON> <lease id> <spec or step as JSON>`: a worker that a test can kill. Says `waiting` once it waits. */
import { LeaseIdSchema } from '../../../contracts/ids.ts';
import type { SandboxSpec, Step } from '../../../contracts/sandbox.ts';
import { createLocalSandbox, type LocalSandboxDeps } from '../../../sandbox/local-sandbox.ts';

const [deps = '', leaseId = '', task = ''] = process.argv.slice(2);
const sandbox = createLocalSandbox(JSON.parse(deps) as LocalSandboxDeps);
const work = JSON.parse(task) as { readonly spec: SandboxSpec } | { readonly step: Step };
const signal = new AbortController().signal;
const say = (): void => {
  process.stdout.write('waiting\n');
};

if ('spec' in work) await sandbox.acquire(work.spec, { signal, onProgress: say });
else await sandbox.exec(LeaseIdSchema.parse(leaseId), work.step, { signal, onOutput: say });
process.stdout.write('done\n');

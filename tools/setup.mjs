// Runs on any Node from 18, before anything is installed: plain JavaScript, node: imports only.
import { fileURLToPath } from 'node:url';
import { ensureBubblewrap } from './setup/bubblewrap.mjs';
import { fail } from './setup/output.mjs';
import { ensurePackages } from './setup/packages.mjs';

const minimumMajor = 20;
if (Number(process.versions.node.split('.')[0]) < minimumMajor) {
  fail(
    `Longhaul needs Node ${minimumMajor} or newer to set itself up, and ${process.execPath} is ${process.version}. Install Node 24 (https://nodejs.org) and put it first on PATH.`,
  );
}
await ensurePackages(fileURLToPath(new URL('..', import.meta.url)));
await ensureBubblewrap();

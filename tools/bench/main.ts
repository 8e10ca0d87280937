import { cpus } from 'node:os';
import { benchLarge } from './large.ts';
import { benchLoop } from './loop.ts';
import { benchMany } from './many.ts';
import { benchVersions } from './versions.ts';

const usage = 'usage: npm run bench [-- <turns, at least 10> | large | many | versions]';

async function main(what: string): Promise<void> {
  console.log(`${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`);
  if (what === 'large') return benchLarge();
  if (what === 'many') return benchMany();
  if (what === 'versions') return benchVersions();
  const turns = Number(what);
  if (!(Number.isInteger(turns) && turns >= 10)) throw new Error(usage);
  return benchLoop(turns);
}

await main(process.argv[2] ?? '100');
// The model servers' keep-alive connections would hold the process.
process.exit();

import { cpus, loadavg } from 'node:os';
import { runBench } from './parts.ts';

const parts = ['cold', 'warm', 'step', 'large', 'loop', 'many'] as const;
export type Part = (typeof parts)[number];
const usage = `usage: npm run bench:sandbox [-- ${parts.join(' | ')}]…`;

const isPart = (word: string): word is Part => (parts as readonly string[]).includes(word);

async function main(words: readonly string[]): Promise<void> {
  const asked = words.filter(isPart);
  if (asked.length !== words.length) throw new Error(usage);
  const load = () =>
    loadavg()
      .map((one) => one.toFixed(1))
      .join(', ');
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  console.log(`${new Date().toISOString()}, ${machine}, load before ${load()}`);
  await runBench(asked.length === 0 ? parts : asked);
  console.log(`load after ${load()}`);
}

await main(process.argv.slice(2));
// The model servers' keep-alive connections would hold the process.
process.exit();

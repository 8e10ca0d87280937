import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LonghaulError } from '../../contracts/error.ts';
import { errorTable } from '../../contracts/words/errors.ts';
import { loadScenario } from './load-scenario.ts';
import { startScriptedModel } from './server.ts';

const usage = 'Usage: node models/scripted/main.ts <scenario.yaml> [--port N]';

/** Serves a scenario until it is told to end. Prints its URL as one line; at the end each problem as a line on standard error, and exits with 1 if there were any. */
async function main(): Promise<void> {
  const { scenarioFile, port } = readArguments();
  const model = await startScriptedModel(loadScenario(readText(scenarioFile), scenarioFile), {
    port,
    keepBodies: false,
  });
  process.stdout.write(`${model.url}\n`);
  const stop = () => {
    const problems = model.problems();
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    process.exitCode = problems.length > 0 ? 1 : 0;
    void model.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function readArguments(): { readonly scenarioFile: string; readonly port: number } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string' } },
  });
  const [scenarioFile, ...more] = positionals;
  const port = Number(values.port ?? 0);
  if (scenarioFile === undefined || more.length > 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LonghaulError('usage.invalid', usage);
  }
  return { scenarioFile, port };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new LonghaulError('usage.invalid', `The scenario ${path} cannot be read. ${usage}`, {
      cause: error,
    });
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof LonghaulError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = errorTable[error.code].exitCode;
});

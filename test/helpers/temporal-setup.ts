import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { workflowBundle } from '../../workers/bundle.ts';
import { startEmbeddedServer } from '../../workers/embedded-server/start.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';
import { isRunning, thisProcess } from '../../workers/process-lock.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
    workflowBundlePath: string;
  }
}

const prefix = 'longhaul-server-';
const ownerFile = 'owner.json';

async function remove(home: string): Promise<void> {
  await stopEmbeddedServer(home);
  await rm(home, { recursive: true, force: true });
}

/** The server outlives who started it, so a run that was killed leaves one: the next run removes it. */
async function removeLeftovers(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const home of names.map((name) => join(tmpdir(), name))) {
    const owner = await readFile(join(home, ownerFile), 'utf8').catch(() => undefined);
    if (owner !== undefined && !isRunning(JSON.parse(owner))) await remove(home);
  }
}

/** A real server in a state directory of its own, by the code that the product uses; fails where none can be had. */
export async function startTestServer(
  dynamicConfig: readonly string[],
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), prefix));
  await writeFile(join(home, ownerFile), JSON.stringify(thisProcess()));
  const report = (line: string) => process.stderr.write(`tests: ${line}\n`);
  try {
    const { address } = await startEmbeddedServer({ home, report, dynamicConfig });
    return { address, stop: () => remove(home) };
  } catch (error) {
    await remove(home);
    throw error;
  }
}

/** Starts the run's one server. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeLeftovers();
  const starting = startTestServer([
    // Early, so that a test with a short task sees a continue-as-new that Temporal suggests.
    'limit.historyCount.suggestContinueAsNew=400',
    // A run is deleted once the task of its end is acknowledged, which by default is every 30 s.
    'history.transferProcessorUpdateAckInterval="1s"',
    'history.visibilityProcessorUpdateAckInterval="1s"',
  ]);
  try {
    const { codePath } = await workflowBundle();
    const { address, stop } = await starting;
    project.provide('temporalAddress', address);
    project.provide('workflowBundlePath', codePath);
    return stop;
  } catch (error) {
    await starting.then(
      ({ stop }) => stop(),
      () => {},
    );
    throw error;
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { workflowBundle } from '../../workers/bundle.ts';
import { startEmbeddedServer } from '../../workers/embedded-server/start.ts';
import { stopEmbeddedServer } from '../../workers/embedded-server/stop.ts';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
    workflowBundlePath: string;
  }
}

/** Starts one real server in a state directory of its own, by the code that the product uses; fails where none can be had. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'longhaul-test-'));
  const report = (line: string) => process.stderr.write(`tests: ${line}\n`);
  const stop = async () => {
    await stopEmbeddedServer(home);
    await rm(home, { recursive: true, force: true });
  };
  try {
    // Early, so that a test with a short task sees a continue-as-new that Temporal suggests.
    const dynamicConfig = ['limit.historyCount.suggestContinueAsNew=400'];
    const [server, { codePath }] = await Promise.all([
      startEmbeddedServer({ home, report, dynamicConfig }),
      workflowBundle(),
    ]);
    project.provide('temporalAddress', server.address);
    project.provide('workflowBundlePath', codePath);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

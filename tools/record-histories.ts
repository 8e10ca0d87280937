import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { TaskId } from '../contracts/ids.ts';
import { createStage } from '../test/helpers/task-play.ts';
import { contractsDirectory, contractsNow } from '../test/replay/contracts.ts';
import { scenarios } from '../test/replay/scenarios.ts';
import { runsOf } from '../test/workflow/history.ts';
import { workflowBundle } from '../workers/bundle.ts';
import { startEmbeddedServer } from '../workers/embedded-server/start.ts';
import { stopEmbeddedServer } from '../workers/embedded-server/stop.ts';
import { workerVersion } from '../workflows/worker-version.ts';

// Records one history for each way that a task can go, by today's code on a real server: `node tools/record-histories.ts`.
// For a version once: histories of released code are what today's code must still be able to replay.
// With `--contracts` only what is beside them: today's wire contracts and records, under test/replay/contracts/.

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = join(root, 'test/replay/histories', workerVersion());
const contracts = join(contractsDirectory, workerVersion());
const contractsOnly = process.argv.includes('--contracts');
const identity = 'recorder';
/** So that a short task continues as new. */
const dynamicConfig = ['limit.historyCount.suggestContinueAsNew=90'];
/** Parts of this machine that no history may hold. */
const machine = [root.replace(/\/$/, ''), process.execPath, homedir(), hostname(), `${process.pid}`];

/** Where a fault was thrown is of this machine, and nothing reads it. */
function withoutStackTraces(json: string): string {
  return JSON.stringify(JSON.parse(json, (key, value: unknown) => (key === 'stackTrace' ? '' : value)));
}

async function record(home: string): Promise<void> {
  const server = await startEmbeddedServer({ home, report: console.error, dynamicConfig });
  const connection = await Connection.connect({ address: server.address });
  const stage = createStage(new Client({ connection, identity }), 'recorded');
  const native = await NativeConnection.connect({ address: server.address });
  const worker = await Worker.create({
    ...stage.workerOptions,
    connection: native,
    taskQueue: 'recorded',
    identity,
    workflowBundle: await workflowBundle(),
  });
  const records: unknown[] = [];
  await worker.runUntil(async () => {
    for (const [name, play] of Object.entries(scenarios)) {
      const task = await play(stage, `recorded-${name}` as TaskId);
      const { status } = await task.outcome();
      records.push(...(await task.records()));
      if (contractsOnly) continue;
      const runs = await runsOf(stage.temporal, task.taskId);
      for (const [index, events] of runs.entries())
        write(join(directory, `${name}.${index + 1}.json`), historyToJSON({ events: [...events] }));
      console.log(`${name}: ${status}, ${runs.map((run) => `${run.length} events`).join(' and ')}`);
    }
  });
  mkdirSync(contracts, { recursive: true });
  for (const [name, content] of Object.entries({ ...contractsNow(), records }))
    write(join(contracts, `${name}.json`), content);
  await native.close();
  await connection.close();
}

/** Every text in a history, its payloads decoded. */
function textOf(json: string): string {
  const decoded = (key: string, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value;
  return JSON.stringify(JSON.parse(json, decoded));
}

function write(file: string, json: unknown): void {
  const text = withoutStackTraces(typeof json === 'string' ? json : JSON.stringify(json));
  const readable = textOf(text);
  const found = machine.find((part) =>
    new RegExp(`(?<!\\w)${part.replaceAll(/\W/g, '\\$&')}(?!\\w)`).test(readable),
  );
  if (found !== undefined) throw new Error(`${file} would hold ${found}, which is of this machine`);
  writeFileSync(file, `${text}\n`);
}

/** What is released is never recorded again. */
function isReleased(): boolean {
  const lines = readFileSync(join(root, 'test/replay/released.txt'), 'utf8').split('\n');
  return lines.some((line) => line.startsWith(`${workerVersion()} `));
}

if (isReleased() || (!contractsOnly && existsSync(directory) && readdirSync(directory).length > 0)) {
  console.error(
    `${directory} holds histories already: they are kept as they are, so that a change which breaks them is seen`,
  );
  process.exitCode = 2;
} else {
  mkdirSync(directory, { recursive: true });
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const home = await mkdtemp(join(tmpdir(), 'longhaul-record-'));
  try {
    await record(home);
  } finally {
    await stopEmbeddedServer(home);
    await rm(home, { recursive: true, force: true });
  }
}

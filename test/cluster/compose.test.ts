import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterEnvironment } from '../helpers/cluster-world.ts';
import { serviceEnvironment } from '../helpers/compose-file.ts';
import { startComposeTemporal } from '../helpers/compose-temporal.ts';
import { deliveredBranch } from '../helpers/e2e-repositories.ts';
import { brokenSum, conversation, mendAndDone, sumCheck } from '../helpers/e2e-scenario.ts';
import { openWorld, type World } from '../helpers/e2e-world.ts';
import { expectInvariants } from '../helpers/invariants.ts';
import { testNamespace } from '../helpers/kubectl.ts';
import { postgresqlPrograms } from '../helpers/postgresql.ts';

const postgresql = await postgresqlPrograms();
const programs = 'programs' in postgresql ? postgresql.programs : null;
if ('missing' in postgresql)
  process.stderr.write(`docker-compose.yml is not started: ${postgresql.missing}\n`);

// PostgreSQL is not Longhaul's to bring: `postgresqlPrograms` says where it cannot be had.
describe.skipIf(programs === null)('docker-compose.yml', () => {
  const stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'longhaul-compose-'));
  let world: World;

  beforeAll(async () => {
    // PostgreSQL runs as somebody else.
    chmodSync(directory, 0o755);
    stack.defer(() => rmSync(directory, { recursive: true, force: true }));
    const temporal = stack.use(await startComposeTemporal(programs ?? '', directory));
    const space = stack.use(await testNamespace({ deny: true }));
    const cluster = clusterEnvironment(directory, space.name);
    const {
      LONGHAUL_SANDBOX = '',
      LONGHAUL_TASK_QUEUE = '',
      TEMPORAL_NAMESPACE = '',
    } = serviceEnvironment('worker', {});
    const env = {
      ...cluster,
      LONGHAUL_SANDBOX,
      LONGHAUL_TASK_QUEUE,
      TEMPORAL_NAMESPACE,
      TEMPORAL_ADDRESS: temporal.address,
    };
    const scenario = { conversations: [conversation('compose', mendAndDone)] };
    world = await openWorld({ scenario, workers: 1, env });
    stack.defer(() => world.close());
  }, 1_200_000);
  afterAll(() => stack.disposeAsync(), 120_000);

  test('a task runs to its end on its Temporal and PostgreSQL, with its settings and scripts', async () => {
    const repository = world.repository('sum', brokenSum);
    const story = await world.start({
      instruction: 'Mend the sum. (compose)',
      repository,
      checks: [sumCheck],
    });
    const end = await story.end();
    expect(end).toMatchObject({ status: 'delivered' });
    expect(deliveredBranch(repository, end.branch ?? '').read('sum.js')).toContain('a + b');
    await expectInvariants(world, story.taskId);
    // By its search attributes, which the scripts have made.
    const listed = await world.client.list({ status: 'delivered', limit: 10 });
    expect(listed.map(({ taskId }) => taskId)).toEqual([story.taskId]);
  }, 300_000);
});

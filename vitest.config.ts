import { defineConfig } from 'vitest/config';

const folders = (...names: readonly string[]) => names.map((name) => `test/${name}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What a set-up has started is ended, also on a machine that is busy.
    teardownTimeout: 180_000,
    projects: [
      { extends: true, test: { name: 'unit', include: folders('unit') } },
      { extends: true, test: { name: 'architecture', include: folders('architecture') } },
      { extends: true, test: { name: 'conformance', include: folders('conformance') } },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: folders('workflow', 'replay', 'integration'),
          // One real server and one bundle for the whole run; the others do not wait for them.
          globalSetup: ['test/helpers/temporal-setup.ts'],
          testTimeout: 60_000,
        },
      },
      // Whole tasks through the command line, each file on a machine of its own: `npm run e2e`, not part of `npm test`.
      {
        extends: true,
        test: {
          name: 'e2e',
          include: folders('e2e'),
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      // Whole tasks under every fault: `npm run chaos`, which prints the table. Each file on a machine of its own.
      {
        extends: true,
        test: {
          name: 'chaos',
          include: folders('chaos'),
          exclude: folders('chaos/cluster'),
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      // A real Kubernetes: KUBECONFIG's, or one of this machine's own: `npm run test:cluster`.
      {
        extends: true,
        test: {
          name: 'cluster',
          include: folders('cluster'),
          globalSetup: ['test/helpers/cluster-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      // Faults of a cluster's own parts, which all that runs on it would feel: `npm run chaos -- --cluster`.
      {
        extends: true,
        test: {
          name: 'cluster-chaos',
          include: folders('chaos/cluster'),
          globalSetup: ['test/helpers/cluster-setup.ts'],
          testTimeout: 480_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});

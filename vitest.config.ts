import { defineConfig } from 'vitest/config';

const folders = (...names: readonly string[]) => names.map((name) => `test/${name}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'unit', include: folders('unit') } },
      { extends: true, test: { name: 'architecture', include: folders('architecture') } },
      { extends: true, test: { name: 'conformance', include: folders('conformance') } },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: folders('workflow', 'replay', 'integration', 'e2e'),
          // One real server and one bundle for the whole run; the others do not wait for them.
          globalSetup: ['test/helpers/temporal-setup.ts'],
          testTimeout: 60_000,
        },
      },
    ],
  },
});

import type { DoctorFacts, ModelFacts, Platform, ServerFacts, WorkerFacts } from '../../cli/platform.ts';
import { LonghaulError } from '../../contracts/error.ts';
import { importCodexRules } from '../../policy/import/codex-rules.ts';
import { policyJsonSchema } from '../../policy/json-schema.ts';
import { builtInPolicy } from '../../policy/load.ts';
import { policyFacts } from '../../policy/policy-facts.ts';
import { createFakeTaskClient, type FakeTaskClient } from './fake-task-client.ts';
import { createFakeTerminal, type FakeTerminal } from './fake-terminal.ts';

export const nowMs = Date.UTC(2026, 10, 24, 13, 30);

export const embedded: ServerFacts = {
  kind: 'embedded',
  address: '127.0.0.1:7233',
  namespace: 'default',
  version: '1.31.0',
  uiAddress: 'http://127.0.0.1:8233',
};
export const localWorker: WorkerFacts['sandbox'] = { backend: 'local', place: '', differs: [] };
export const oneWorker: readonly WorkerFacts[] = [
  { pid: 4711, address: embedded.address, version: '0.1.0', model: null, sandbox: localWorker, notes: [] },
];
export const someModel: ModelFacts = {
  model: 'gpt-test',
  baseUrl: 'https://api.openai.com/v1',
  keySet: true,
  priceKnown: true,
};

export const soundFacts: DoctorFacts = {
  node: { version: 'v24.21.0', needed: '>=24', newEnough: true },
  git: { version: '2.51.0' },
  stateDirectory: {
    path: '/home/ann/.local/state/longhaul',
    exists: true,
    writable: true,
    shared: false,
    freeBytes: 50_000_000_000,
  },
  server: { facts: embedded, reachable: true, detail: '', startable: true },
  workers: oneWorker,
  versions: [{ build: '0.1.0-aaaaaaaaaaaa', current: true, served: true, tasks: [] }],
  sandbox: {
    backend: 'local',
    available: true,
    findings: ['bubblewrap 0.11.0'],
    limits: ['memory 4.0 GB', '512 processes'],
  },
  model: someModel,
};

export interface FakePlatform extends Platform {
  readonly terminal: FakeTerminal;
  readonly client: FakeTaskClient;
  /** Lets the time of every `after` that waits run out. */
  passTime(): void;
  /** How often a timer was set that has not run out. */
  waiting(): number;
  tick(): void;
}

/** A machine on which everything is there, except for what a test changes. */
export function createFakePlatform(
  terminal: FakeTerminal = createFakeTerminal(),
  changes: Partial<Platform> = {},
): FakePlatform {
  const client = createFakeTaskClient();
  const timers = new Set<() => void>();
  const tickers = new Set<() => void>();
  return {
    client,
    program: 'longhaul',
    docs: 'docs/errors/',
    version: '0.1.0',
    workingDirectory: '/home/ann/shop',
    user: 'ann',
    clock: {
      nowMs: () => nowMs,
      every(_, listener) {
        tickers.add(listener);
        return () => void tickers.delete(listener);
      },
      after: (_, signal) =>
        new Promise((resolve) => {
          const done = () => {
            timers.delete(done);
            resolve();
          };
          timers.add(done);
          signal.addEventListener('abort', done, { once: true });
        }),
    },
    randomBytes: (count) => new Uint8Array(count).map((_, index) => index),
    defaults: { policy: 'default', maxIterations: 50, approvalTimeoutMs: 7 * 86_400_000 },
    openClient: async () => client,
    requireRoom: async () => {},
    chooseSandbox: async (asked) => asked ?? null,
    isUnused: () => false,
    server: async () => embedded,
    ensureServer: async () => ({ facts: embedded, started: false }),
    ensureWorkers: async () => ({ facts: oneWorker, started: false }),
    workers: async () => oneWorker,
    stop: async () => ({ workers: 1, server: true }),
    runWorker: async () => {},
    doctor: async () => soundFacts,
    replay: async () => ({ build: '0.1.0-aaaaaaaaaaaa', runs: (async function* () {})() }),
    async drill(taskId) {
      throw new LonghaulError('drill.impossible', `${taskId} cannot be drilled: it has not ended yet.`);
    },
    model: async (name) => ({ ...someModel, model: name ?? someModel.model }),
    loadPolicy: async (nameOrFile) => ({ name: nameOrFile, digest: null }),
    readPolicy: async (name) => policyFacts(builtInPolicy(name)),
    importPolicy: importCodexRules,
    policySchema: policyJsonSchema,
    findRepository: async (folder) => folder,
    uncommitted: async () => null,
    editText: async () => null,
    async readFile(path) {
      throw new LonghaulError('usage.invalid', `There is no file ${path}.`);
    },
    ...changes,
    terminal,
    passTime() {
      for (const timer of [...timers]) timer();
    },
    waiting: () => timers.size,
    tick() {
      for (const ticker of [...tickers]) ticker();
    },
  };
}

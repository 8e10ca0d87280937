import { describe, expect, it, vi } from 'vitest';
import type { Platform, WorkerFacts, WorkerModel } from '../../../../cli/platform.ts';
import { runCommandLine } from '../../../../cli/program.ts';
import { LonghaulError } from '../../../../contracts/error.ts';
import type { TaskSpec } from '../../../../contracts/task.ts';
import { createFakePlatform, embedded, oneWorker, someModel } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal, type FakeTerminal } from '../../../helpers/fake-terminal.ts';
import { wholeStory } from '../../../helpers/story-events.ts';

const instruction = 'Fix the date bug';
const ownId = 'fix-the-date-bug-abcde';
const [firstWorker] = oneWorker as readonly [WorkerFacts];

function running(words: readonly string[], changes: Partial<Platform> = {}, terminal?: FakeTerminal) {
  const platform = createFakePlatform(terminal, changes);
  const code = runCommandLine(platform, ['run', ...words]);
  const spec = (): TaskSpec => {
    const [call] = platform.client.calls;
    if (call?.verb !== 'start') throw new Error('no task was started');
    return call.spec;
  };
  return { platform, client: platform.client, terminal: platform.terminal, code, spec };
}

describe('run', () => {
  it('starts what is asked for, with every option in its place', async () => {
    const { code, spec } = running([
      ...['--repo', 'https://git.example/shop', '--ref', 'main', '--check', 'npm test', '--check', 'npx tsc'],
      ...['--setup', 'npm ci', '--constraint', 'No new packages', '--path', 'src', '--budget-usd', '2.50'],
      ...[
        '--max-iterations',
        '9',
        '--policy',
        'strict',
        '--model',
        'gpt-x',
        '--include-changes',
        '--detach',
        instruction,
      ],
    ]);
    expect(await code).toBe(0);
    expect(spec()).toEqual({
      taskId: ownId,
      instruction,
      repository: 'https://git.example/shop',
      ref: 'main',
      includeChanges: true,
      checks: [
        { name: 'npm test', command: 'npm test' },
        { name: 'npx tsc', command: 'npx tsc' },
      ],
      setup: ['npm ci'],
      constraints: ['No new packages'],
      paths: ['src'],
      budget: { maxUsd: 2.5, maxIterations: 9 },
      policy: { name: 'strict', digest: null },
      model: 'gpt-x',
      requestedBy: 'ann',
      approvalTimeoutMs: 7 * 86_400_000,
    });
  });

  it('hands the priority on, and takes none but 1 to 5', async () => {
    const urgent = running(['--priority', '1', '--detach', instruction]);
    await urgent.code;
    expect(urgent.client.calls[0]).toMatchObject({ verb: 'start', priority: 1 });
    for (const word of ['0', '6', 'high']) {
      const refused = running(['--priority', word, '--detach', instruction]);
      await expect(refused.code).rejects.toMatchObject({ code: 'usage.invalid' });
      expect(refused.client.calls).toEqual([]);
    }
  });

  it('takes the repository that one stands in', async () => {
    const findRepository = async (folder: string) => (folder === '/home/ann/shop' ? '/home/ann' : null);
    const { code, spec } = running(['--detach', instruction], { findRepository });
    await code;
    expect(spec().repository).toBe('/home/ann');
  });

  it('says so when there is none', async () => {
    const nowhere = { findRepository: async () => null };
    await expect(running([instruction], nowhere).code).rejects.toMatchObject({
      code: 'repository.not_found',
      message: expect.stringContaining('--repo'),
    });
    await expect(running(['--repo', '/x', instruction], nowhere).code).rejects.toThrow(
      'No git repository is at /x',
    );
  });

  it.each([
    'https://ann:secret@git.example/x',
    'https://ghp_token@git.example/x',
    'ssh://git:secret@git.example/x',
  ])('keeps the password in %s out of the history', async (repo) => {
    const { code, client } = running(['--repo', repo, instruction]);
    await expect(code).rejects.toMatchObject({ code: 'usage.invalid' });
    await expect(code).rejects.not.toThrow(/secret|ghp_token/);
    expect(client.calls).toEqual([]);
  });

  it.each(['ssh://git@git.example/x', 'git@github.com:acme/shop.git', 'file:///srv/shop'])(
    'takes %s as it is',
    async (repo) => {
      const { code, spec } = running(['--repo', repo, '--detach', instruction]);
      await code;
      expect(spec().repository).toBe(repo);
    },
  );

  it.each([[['-']], [[]]])('reads the instruction from a pipe for %j', async (words) => {
    const { code, spec } = running(
      ['--detach', ...words],
      {},
      createFakeTerminal({}, `${instruction}\nand more\n`),
    );
    await code;
    expect(spec().instruction).toBe(`${instruction}\nand more`);
  });

  it('asks for an instruction where there is none', async () => {
    const terminal = createFakeTerminal({ interactive: true });
    await expect(running([], {}, terminal).code).rejects.toThrow(/What is to be done\?/);
    await expect(running(['-'], {}, createFakeTerminal({}, ' \n')).code).rejects.toThrow(
      /What is to be done\?/,
    );
  });

  it('tells of a worker that did not start also when that is known before the task is printed', async () => {
    const unheard = vi.fn();
    process.once('unhandledRejection', unheard);
    const terminal = createFakeTerminal();
    const { write } = terminal;
    const slow = { ...terminal, write: (text: string) => new Promise(setImmediate).then(() => write(text)) };
    const failing = { ensureWorkers: () => Promise.reject(new LonghaulError('worker.missing', 'it ended')) };
    await expect(running(['--detach', '--json', instruction], failing, slow).code).rejects.toThrow(
      'it ended',
    );
    process.off('unhandledRejection', unheard);
    expect(unheard).not.toHaveBeenCalled();
    expect(terminal.stdout()).toContain('task.submitted');
  });

  it('starts the server before the task and the worker after it, and shows what they report', async () => {
    const order: string[] = [];
    const { code, terminal, client } = running(['--detach', instruction], {
      async ensureServer(progress) {
        order.push('server');
        progress('waiting for the Temporal server (2 s)');
        return { facts: embedded, started: true };
      },
      async ensureWorkers(count) {
        order.push(...client.calls.map(({ verb }) => verb), `${count} worker`);
        return { facts: [], started: true };
      },
    });
    await code;
    expect(order).toEqual(['server', 'start', '1 worker']);
    expect(terminal.stderr()).toBe('… waiting for the Temporal server (2 s)\n');
  });

  it('says that a detached task has started before its worker is up, and ends when it is', async () => {
    const up = Promise.withResolvers<{ facts: []; started: boolean }>();
    const { code, terminal } = running(['--detach', '--json', instruction], {
      ensureWorkers: () => up.promise,
    });
    await vi.waitFor(() => expect(terminal.stdout()).toContain('task.submitted'));
    await expect(Promise.race([code, Promise.resolve('still running')])).resolves.toBe('still running');
    up.resolve({ facts: [], started: true });
    expect(await code).toBe(0);
  });

  it('ends with the fault of a worker that does not come up', async () => {
    const fault = new LonghaulError('worker.missing', 'the worker did not come up');
    const { code } = running([instruction], { ensureWorkers: () => Promise.reject(fault) });
    await expect(code).rejects.toBe(fault);
  });

  it('refuses a budget in USD for a model without a known price, before anything is started', async () => {
    const ensureServer = vi.fn();
    const model = async () => ({ ...someModel, priceKnown: false });
    const { code } = running(['--budget-usd', '5', instruction], { model, ensureServer });
    await expect(code).rejects.toMatchObject({ code: 'model.unknown_price' });
    expect(ensureServer).not.toHaveBeenCalled();
  });

  it('refuses to start without a key where its own worker would need one', async () => {
    const model = async () => ({ ...someModel, keySet: false });
    await expect(running([instruction], { model }).code).rejects.toMatchObject({
      code: 'model.not_configured',
    });
    const facts = { ...embedded, kind: 'configured' } as const;
    const ensureServer = async () => ({ facts, started: false });
    expect(await running(['--detach', instruction], { model, ensureServer }).code).toBe(0);
  });

  describe('beside a worker that runs already', () => {
    const worker = (more: Partial<WorkerModel>) => ({
      workers: async () => [
        {
          ...firstWorker,
          model: { server: 'https://a.example/v1', keySet: true, differs: [], ...more },
        },
      ],
    });
    const noKey = { model: async () => ({ ...someModel, keySet: false }) };

    it('refuses where that one asks the model with other settings, before the task starts', async () => {
      const other = worker({ differs: ['OPENAI_BASE_URL', 'OPENAI_API_KEY'] });
      const { code, client } = running(['--detach', instruction], other);
      await expect(code).rejects.toMatchObject({
        code: 'worker.other_settings',
        message: expect.stringMatching(
          /Worker 4711 .* another OPENAI_BASE_URL and OPENAI_API_KEY than yours, and asks https:\/\/a\.example\/v1\..*\n.*"longhaul down", then "longhaul up"/,
        ),
      });
      expect(client.calls).toEqual([]);
    });

    it('refuses where that one runs commands in another sandbox than is asked for, and names the option', async () => {
      const sandbox = { ...firstWorker.sandbox, differs: ['LONGHAUL_SANDBOX'] };
      const workers = async () => [{ ...firstWorker, sandbox }];
      const asked: unknown[] = [];
      const chooseSandbox: Platform['chooseSandbox'] = async (word) => {
        asked.push(word);
        return word ?? null;
      };
      const words = ['--detach', '--sandbox', 'kubernetes', instruction];
      const { code, client } = running(words, { workers, chooseSandbox });
      await expect(code).rejects.toMatchObject({
        code: 'worker.other_settings',
        message: expect.stringMatching(
          /another LONGHAUL_SANDBOX than yours, and runs commands in the local sandbox\.[\s\S]*leave out --sandbox/,
        ),
      });
      expect(asked).toEqual(['kubernetes']);
      expect(client.calls).toEqual([]);
    });

    it('says where commands run when that is not this machine', async () => {
      const sandbox = { backend: 'kubernetes', place: 'https://cluster.example', differs: [] } as const;
      const { code, terminal } = running(['--detach', instruction], {
        workers: async () => [{ ...firstWorker, sandbox }],
      });
      expect(await code).toBe(0);
      expect(terminal.stdout()).toContain('  commands    in pods of the cluster https://cluster.example\n');
    });

    it('starts where it has the same, and where it does not tell', async () => {
      for (const some of [worker({}), { workers: async () => [firstWorker] }]) {
        const { code, terminal } = running(['--detach', instruction], some);
        expect(await code).toBe(0);
        expect(terminal.stdout()).not.toContain('model at');
      }
    });

    it('takes its key and server where the environment has none, and says so', async () => {
      const { code, terminal } = running(['--detach', instruction], { ...worker({}), ...noKey });
      expect(await code).toBe(0);
      expect(terminal.stdout()).toContain(
        '  model at    https://a.example/v1, with the key that the running worker was started with\n',
      );
    });

    it('refuses without a key where that one has none either', async () => {
      const { code } = running([instruction], { ...worker({ keySet: false }), ...noKey });
      await expect(code).rejects.toMatchObject({ code: 'model.not_configured' });
    });

    it('asks none of a server that was started just now', async () => {
      const other = worker({ differs: ['OPENAI_API_KEY'] });
      const ensureServer = async () => ({ facts: embedded, started: true });
      expect(await running(['--detach', instruction], { ...other, ensureServer }).code).toBe(0);
    });
  });

  it('names a full disk before it starts anything', async () => {
    const fault = new LonghaulError('disk.full', 'Cannot write in /home/ann/state: the disk is full.');
    const ensureServer = vi.fn();
    const { code, client } = running(['--detach', instruction], {
      ensureServer,
      requireRoom: () => Promise.reject(fault),
    });
    await expect(code).rejects.toBe(fault);
    expect(ensureServer).not.toHaveBeenCalled();
    expect(client.calls).toEqual([]);
  });

  describe('with changes that are in no commit', () => {
    const note = '2 files changed but not committed, and no part of the task: a.ts, b.ts.';
    const uncommitted = vi.fn(async () => note);

    it('says so before it goes away, also to programs', async () => {
      const person = running(['--detach', instruction], { uncommitted });
      await person.code;
      expect(person.terminal.stdout()).toContain(`  ! ${note}\n`);
      const program = running(['--detach', '--json', instruction], { uncommitted });
      await program.code;
      expect(JSON.parse(program.terminal.stdout())).toMatchObject({ uncommitted: note });
    });

    it('does not look for them where they are part of the task', async () => {
      uncommitted.mockClear();
      await running(['--detach', '--include-changes', instruction], { uncommitted }).code;
      expect(uncommitted).not.toHaveBeenCalled();
    });

    it('starts nothing when the repository cannot be read', async () => {
      const fault = new LonghaulError('repository.unreadable', 'damaged');
      const { code, client } = running(['--detach', instruction], {
        uncommitted: () => Promise.reject(fault),
      });
      await expect(code).rejects.toBe(fault);
      expect(client.calls.map(({ verb }) => verb)).not.toContain('start');
    });
  });

  it('says what it cannot ask for', async () => {
    await expect(running(['x'.repeat(20_001)]).code).rejects.toMatchObject({ code: 'usage.invalid' });
  });

  it('says at the start what is taken, then follows to the end', async () => {
    const { code, client, terminal } = running(['--budget-usd', '5', '--check', 'npm test', instruction]);
    const { opening, ending } = wholeStory();
    client.push(ownId, ...opening, ...ending);
    expect(await code).toBe(0);
    const text = terminal.stdout();
    expect(text).toMatch(
      /budget {6}50 iterations, \$5\.00\n {2}checks {6}npm test\n[\s\S]*3 uncommitted files are not part/,
    );
    expect(text).toContain('✓ Delivered');
  });

  it('detached says how to watch', async () => {
    const { code, terminal } = running(['--detach', instruction]);
    await code;
    expect(terminal.stdout()).toContain(`longhaul watch ${ownId}`);
  });

  it('detached as JSON gives the id', async () => {
    const { code, terminal } = running(['--detach', '--json', instruction]);
    await code;
    expect(JSON.parse(terminal.stdout())).toEqual({
      type: 'task.submitted',
      taskId: ownId,
      uncommitted: null,
    });
  });
});

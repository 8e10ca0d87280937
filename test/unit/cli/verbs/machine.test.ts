import { describe, expect, it, vi } from 'vitest';
import type { Platform } from '../../../../cli/platform.ts';
import { runCommandLine } from '../../../../cli/program.ts';
import { createFakePlatform, embedded, oneWorker, soundFacts } from '../../../helpers/fake-platform.ts';
import { createFakeTerminal } from '../../../helpers/fake-terminal.ts';
import { screenAfter } from '../../../helpers/screen-emulator.ts';

async function output(changes: Partial<Platform>, ...words: readonly string[]) {
  const platform = createFakePlatform(createFakeTerminal(), changes);
  const code = await runCommandLine(platform, words);
  return { code, text: platform.terminal.stdout(), progress: platform.terminal.stderr() };
}

describe('up', () => {
  it('says the addresses, and the second time that it is up already', async () => {
    const started = { ensureServer: async () => ({ facts: embedded, started: true }) };
    expect((await output(started, 'up')).text).toBe(
      [
        'Up.',
        '  server   127.0.0.1:7233, namespace default (embedded)',
        '  page     http://127.0.0.1:8233',
        '  workers  process 4711, version 0.1.0',
        "  next     longhaul run 'Fix the failing test'",
        '',
      ].join('\n'),
    );
    expect((await output({}, 'up')).text).toMatch(/^Already up\./);
  });

  it('starts as many workers as are wanted', async () => {
    const ensureWorkers = vi.fn(async () => ({ facts: oneWorker, started: true }));
    await output({ ensureWorkers }, 'up', '--workers', '3');
    expect(ensureWorkers).toHaveBeenCalledWith(3, expect.any(Function), []);
  });

  it('leaves the tasks that are named to their own version, and says what the workers have to say', async () => {
    const facts = oneWorker.map((worker) => ({ ...worker, notes: ['fix-it moved here'] }));
    const ensureWorkers = vi.fn(async () => ({ facts, started: true }));
    const { text } = await output({ ensureWorkers }, 'up', '--leave', 'fix-it-1', '--leave', 'fix-it-2');
    expect(ensureWorkers).toHaveBeenCalledWith(1, expect.any(Function), ['fix-it-1', 'fix-it-2']);
    expect(text).toContain('  note     fix-it moved here\n');
  });

  it('starts no worker beside one with another sandbox, which would work on the same tasks', async () => {
    const sandbox = { backend: 'local', place: '', differs: ['LONGHAUL_SANDBOX'] } as const;
    const ensureWorkers = vi.fn(async () => ({ facts: oneWorker, started: true }));
    const changes = { ensureWorkers, workers: async () => oneWorker.map((one) => ({ ...one, sandbox })) };
    await expect(output(changes, 'up', '--sandbox', 'kubernetes')).rejects.toMatchObject({
      code: 'worker.other_settings',
    });
    expect(ensureWorkers).not.toHaveBeenCalled();
  });

  it('knows two sandboxes', async () => {
    await expect(output({}, 'up', '--sandbox', 'docker')).rejects.toMatchObject({
      code: 'usage.invalid',
      message: expect.stringContaining('expected local or kubernetes'),
    });
  });

  it('refuses to leave what is no task', async () => {
    await expect(output({}, 'up', '--leave', 'not a task')).rejects.toMatchObject({ code: 'usage.invalid' });
  });

  it('shows on a terminal one line that changes and is gone at the end', async () => {
    const terminal = createFakeTerminal({ columns: 80, rows: 20, live: true, interactive: true });
    const platform = createFakePlatform(terminal, {
      async ensureServer(progress) {
        progress('building (2 s)');
        progress('building (4 s)');
        return { facts: embedded, started: true };
      },
    });
    await runCommandLine(platform, ['up']);
    expect(terminal.stdout()).toContain('… building (4 s)');
    expect(screenAfter(terminal.stdout(), 80)).not.toContain('building');
    expect(terminal.stderr()).toBe('');
  });

  it('as JSON keeps what it reports off standard output', async () => {
    const ensureServer = async (progress: (text: string) => void) => {
      progress('building (2 s)');
      return { facts: embedded, started: true };
    };
    const { text, progress } = await output({ ensureServer }, 'up', '--json');
    expect(JSON.parse(text)).toMatchObject({
      type: 'up',
      server: { started: true },
      workers: { started: false },
    });
    expect(progress).toBe('… building (2 s)\n');
  });
});

describe('down', () => {
  it('says what was stopped, and that tasks stay', async () => {
    expect((await output({}, 'down')).text).toBe(
      'Stopped 1 worker and the Temporal server. Tasks stay and go on after:\n  longhaul up\n',
    );
    const stop = async () => ({ workers: 0, server: false });
    expect((await output({ stop }, 'down')).text).toBe('Nothing was running.\n');
  });
});

describe('doctor', () => {
  it('ends with 4 when something is missing, and with 0 otherwise', async () => {
    expect((await output({}, 'doctor')).code).toBe(0);
    const doctor = async () => ({ ...soundFacts, git: { version: null } });
    const { code, text } = await output({ doctor }, 'doctor');
    expect(code).toBe(4);
    expect(text).toContain('1 thing that a task needs is missing.');
    expect(JSON.parse((await output({ doctor }, 'doctor', '--json')).text)).toMatchObject({
      type: 'doctor',
      ok: false,
    });
  });
});

describe('worker', () => {
  it('runs until it has ended', async () => {
    const runWorker = vi.fn(async () => {});
    expect((await output({ runWorker }, 'worker')).code).toBe(0);
    expect(runWorker).toHaveBeenCalledTimes(1);
  });
});

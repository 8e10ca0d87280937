import { describe, expect, it } from 'vitest';
import { showError } from '../../../cli/show-error.ts';
import { LonghaulError } from '../../../contracts/error.ts';
import { createFakeTerminal } from '../../helpers/fake-terminal.ts';

const context = { json: false, debug: false, docs: 'docs/errors/', program: 'longhaul' };

describe('an error at the command line', () => {
  it('says its code, what to do and where to read on, and ends with the exit code of its kind', async () => {
    const terminal = createFakeTerminal();
    const error = new LonghaulError('server.missing', 'No server.\nInstall one.');
    expect(await showError(terminal, error, context)).toBe(4);
    expect(terminal.stderr()).toBe(
      'error server.missing: No server.\n  Install one.\n  more: docs/errors/server.missing.md\n',
    );
    expect(terminal.stdout()).toBe('');
  });

  it('names the commands of its message as they can be typed', async () => {
    const error = new LonghaulError('server.unavailable', 'No server runs: start one with "longhaul up".');
    for (const json of [true, false]) {
      const terminal = createFakeTerminal();
      await showError(terminal, error, { ...context, json, program: './bin/longhaul' });
      expect(terminal.stdout() + terminal.stderr()).toMatch(/start one with \\?"\.\/bin\/longhaul up/);
    }
  });

  it('is one object for programs', async () => {
    const terminal = createFakeTerminal();
    const error = new LonghaulError('task.not_found', 'No task.', { details: { taskId: 'x' } });
    expect(await showError(terminal, error, { ...context, json: true })).toBe(2);
    expect(JSON.parse(terminal.stdout())).toEqual({
      type: 'error',
      code: 'task.not_found',
      message: 'No task.',
      details: { taskId: 'x' },
    });
    expect(terminal.stderr()).toBe('');
  });

  it('that nobody foresaw is short, and says how to see where', async () => {
    const terminal = createFakeTerminal();
    expect(await showError(terminal, new TypeError('x is undefined'), context)).toBe(1);
    expect(terminal.stderr()).toContain('error internal.bug: TypeError: x is undefined');
    expect(terminal.stderr()).toContain('LONGHAUL_DEBUG=1');
    expect(terminal.stderr()).not.toContain('show-error.test.ts');
  });

  it('shows its stack and its cause when they are wanted', async () => {
    const terminal = createFakeTerminal();
    const error = new LonghaulError('disk.full', 'Full.', { cause: new Error('ENOSPC') });
    await showError(terminal, error, { ...context, debug: true });
    expect(terminal.stderr()).toMatch(/show-error\.test\.ts[\s\S]*caused by Error: ENOSPC/);
  });

  it('cannot drive the terminal', async () => {
    const terminal = createFakeTerminal();
    await showError(terminal, new LonghaulError('repository.unreadable', 'bad \u001b[2J'), context);
    expect(terminal.stderr()).toContain('bad <U+001B>[2J');
  });
});

import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { createNodeTerminal, wantsColor } from '../../../../cli/terminal/node-terminal.ts';

const none = { noColor: undefined, forceColor: undefined, term: 'xterm-256color' };

function pipes() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const streams = { stdin, stdout, stderr } as unknown as Parameters<typeof createNodeTerminal>[0];
  return { stdin, stdout, terminal: createNodeTerminal(streams, none) };
}

function windowed(term: string) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: vi.fn() });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 45, rows: 20 });
  const streams = { stdin, stdout, stderr: stdout } as unknown as Parameters<typeof createNodeTerminal>[0];
  return { stdin, stdout, terminal: createNodeTerminal(streams, { ...none, term }) };
}

describe('colours', () => {
  it.each([
    ['a terminal has them', none, true, true],
    ['a pipe has none', none, false, false],
    ['NO_COLOR takes them', { ...none, noColor: '1' }, true, false],
    ['an empty NO_COLOR does not', { ...none, noColor: '' }, true, true],
    ['TERM=dumb has none', { ...none, term: 'dumb' }, true, false],
    ['FORCE_COLOR gives them to a pipe', { ...none, forceColor: '1' }, false, true],
    ['FORCE_COLOR=0 takes them', { ...none, forceColor: '0' }, true, false],
  ])('%s', (_, settings, isTerminal, wanted) => {
    expect(wantsColor(settings, isTerminal)).toBe(wanted);
  });
});

describe('the terminal of this process', () => {
  it('knows its size, and that a dumb one cannot move its cursor', () => {
    expect(windowed('xterm').terminal.facts()).toMatchObject({
      columns: 45,
      rows: 20,
      live: true,
      interactive: true,
    });
    expect(windowed('dumb').terminal.facts()).toMatchObject({ live: false, interactive: true, color: false });
    expect(pipes().terminal.facts()).toMatchObject({
      columns: Number.POSITIVE_INFINITY,
      live: false,
      interactive: false,
    });
  });

  it('gives the line that is typed', async () => {
    const { stdin, terminal } = pipes();
    const asked = terminal.ask('answer: ', { signal: new AbortController().signal, initial: '' });
    stdin.write('approve\n');
    expect(await asked).toBe('approve');
  });

  it('gives nothing when the question is closed from outside', async () => {
    const { terminal } = pipes();
    const closing = new AbortController();
    const asked = terminal.ask('answer: ', { signal: closing.signal, initial: '' });
    closing.abort();
    expect(await asked).toBeNull();
  });

  it('gives nothing at the end of input', async () => {
    const { stdin, terminal } = pipes();
    const asked = terminal.ask('answer: ', { signal: new AbortController().signal, initial: '' });
    stdin.end();
    expect(await asked).toBeNull();
  });

  it('hears Ctrl-C as a key, and throws away what else is typed', () => {
    const { stdin, terminal } = windowed('xterm');
    const heard = vi.fn();
    const stop = terminal.onInterrupt(heard);
    stdin.emit('data', Buffer.from('approve\r'));
    expect(heard).not.toHaveBeenCalled();
    stdin.emit('data', Buffer.from('\u0003'));
    expect(heard).toHaveBeenCalledTimes(1);
    stop();
    stdin.emit('data', Buffer.from('\u0003'));
    expect(heard).toHaveBeenCalledTimes(1);
    expect(stdin.setRawMode.mock.calls).toEqual([[true], [false]]);
  });

  it('waits until a slow reader has taken what was written', async () => {
    const { stdout, terminal } = pipes();
    let done = false;
    const writing = terminal.write('x'.repeat(1_000_000)).then(() => {
      done = true;
    });
    await Promise.resolve();
    expect(done).toBe(false);
    stdout.resume();
    await writing;
    expect(done).toBe(true);
  });
});

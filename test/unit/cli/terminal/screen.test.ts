import { describe, expect, it } from 'vitest';
import { line } from '../../../../cli/terminal/line.ts';
import { createScreen } from '../../../../cli/terminal/screen.ts';
import { createFakeTerminal } from '../../../helpers/fake-terminal.ts';
import { screenAfter } from '../../../helpers/screen-emulator.ts';

const window = { columns: 20, rows: 10, live: true, interactive: true };

describe('a screen on a terminal', () => {
  it('keeps the story above the lines that are drawn anew', async () => {
    const terminal = createFakeTerminal(window);
    const screen = createScreen(terminal);
    await screen.print([line('first')]);
    await screen.live([line('now 1'), line('sum 1')]);
    await screen.print([line('second')]);
    await screen.live([line('now 2')]);
    expect(screenAfter(terminal.stdout(), 20)).toBe('first\nsecond\nnow 2');
  });

  it('leaves nothing of them behind', async () => {
    const terminal = createFakeTerminal(window);
    const screen = createScreen(terminal);
    await screen.live([line('a'), line('b'), line('c')]);
    await screen.live([]);
    await screen.print([line('end')]);
    expect(screenAfter(terminal.stdout(), 20)).toBe('end\n');
  });

  it('cuts them to the width and height of the window', async () => {
    const terminal = createFakeTerminal({ ...window, rows: 5 });
    await createScreen(terminal).live(
      Array.from({ length: 9 }, (_, index) => line(`${index} ${'x'.repeat(40)}`)),
    );
    const rows = screenAfter(terminal.stdout(), 20).split('\n');
    expect(rows.length).toBe(3);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(20);
  });

  it('goes up by as many rows as a narrower window has made of them', async () => {
    const terminal = createFakeTerminal({ ...window, columns: 60 });
    const screen = createScreen(terminal);
    await screen.live([line('x'.repeat(50)), line('y')]);
    const before = terminal.stdout().length;
    terminal.resize({ columns: 20 });
    await screen.live([line('short')]);
    // 50 columns have become three rows of 20, the second line is a fourth.
    expect(terminal.stdout().slice(before)).toBe('\r\u001b[3A\u001b[0Jshort');
  });

  it('takes narrow rows as one row each', async () => {
    const terminal = createFakeTerminal(window);
    const screen = createScreen(terminal);
    await screen.live([line('a'), line('b')]);
    const before = terminal.stdout().length;
    await screen.live([line('c')]);
    expect(terminal.stdout().slice(before)).toBe('\r\u001b[1A\u001b[0Jc');
  });
});

describe('a screen in a pipe', () => {
  it('has the story alone, without a cursor movement', async () => {
    const terminal = createFakeTerminal();
    const screen = createScreen(terminal);
    await screen.live([line('now')]);
    await screen.print([line('first'), line('second')]);
    await screen.live([]);
    expect(terminal.stdout()).toBe('first\nsecond\n');
  });
});

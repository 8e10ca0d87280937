import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  counted,
  formatAgo,
  formatBytes,
  formatCoarse,
  formatCount,
  formatDuration,
  formatElapsed,
  formatLeft,
  formatShare,
  formatTime,
  formatUsd,
} from '../../../../cli/view/format.ts';
import { shellCommand } from '../../../../cli/view/shell-words.ts';
import { shellWord } from '../../../../contracts/shell-word.ts';

describe('figures for people', () => {
  it.each([
    [formatDuration(0), '0 ms'],
    [formatDuration(850.4), '850 ms'],
    [formatDuration(3290), '3.2 s'],
    [formatDuration(59_999), '59.9 s'],
    [formatDuration(65_000), '1 m 05 s'],
    [formatDuration(2 * 3_600_000 + 600_000), '2 h 10 m'],
    [formatDuration(76 * 3_600_000), '3 d 4 h'],
    [formatElapsed(9999), '9 s'],
    [formatElapsed(-5), '0 s'],
    [formatCoarse(90_000), '1 m'],
    [formatCoarse(86_400_000 * 6.9), '6 d'],
    [formatLeft(7 * 86_400_000 - 400), '7 d'],
    [formatLeft(6.8 * 86_400_000), '6 d'],
    [formatLeft(12 * 3_600_000 - 400), '12 h'],
    [formatLeft(3_600_000 - 400), '1 h'],
    [formatLeft(1_830_000), '30 m'],
    [formatLeft(50_000), '50 s'],
    [formatAgo(1000, 1500), 'now'],
    [formatAgo(0, 7_200_000), '2 h ago'],
    [formatTime(Date.UTC(2026, 10, 27, 13, 30)), '2026-11-27 13:30 UTC'],
    [formatCount(999), '999'],
    [formatCount(48_213), '48.2k'],
    [formatCount(999_999), '1.0M'],
    [formatUsd(0), '$0'],
    [formatUsd(0.00001), '<$0.0001'],
    [formatUsd(0.0312), '$0.0312'],
    [formatUsd(5), '$5.00'],
    [formatBytes(999), '999 B'],
    [formatBytes(4200), '4.2 kB'],
    [formatBytes(999_999), '1.0 MB'],
    [formatShare(999, 1000), '99 %'],
    [formatShare(0, 0), '0 %'],
    [counted(1, 'file'), '1 file'],
    [counted(0, 'file'), '0 files'],
  ])('%s', (found, wanted) => {
    expect(found).toBe(wanted);
  });
});

describe('a word for the shell', () => {
  it('is left plain where it can be', () => {
    expect(shellCommand(['longhaul', 'approve', 'fix-it-abcde', 'i2.a0'])).toBe(
      'longhaul approve fix-it-abcde i2.a0',
    );
    expect(shellWord('')).toBe("''");
  });

  it('is read back as it was, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((word) => !word.includes('\0')),
          { minLength: 1, maxLength: 4 },
        ),
        (words) => {
          const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${shellCommand(words)}`], {
            encoding: 'utf8',
          });
          expect(printed.split('\0').slice(0, -1)).toEqual(words);
        },
      ),
      { numRuns: 20 },
    );
  });
});

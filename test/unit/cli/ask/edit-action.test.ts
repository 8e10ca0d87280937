import { describe, expect, it } from 'vitest';
import { editableBody, editedBody, textToEdit } from '../../../../cli/ask/edit-action.ts';
import type { ActionBody } from '../../../../contracts/action.ts';
import { commandCard } from '../../../helpers/story-events.ts';

const shell = (argv: string[], line: string | null) =>
  ({
    kind: 'shell',
    argv,
    line,
    cwd: 'src',
    timeoutMs: 5000,
    justification: 'why',
  }) as const satisfies ActionBody;

describe('an edited action', () => {
  it('is the same command with another line for its shell', () => {
    const body = shell(['bash', '-lc', 'npm i'], 'npm i');
    expect(editedBody(body, 'npm ci\n')).toEqual(shell(['bash', '-lc', 'npm ci'], 'npm ci'));
  });

  it('becomes a line of sh where it had no shell', () => {
    const body = shell(['npm', 'test', '--', 'a b'], null);
    expect(textToEdit(body).text).toBe("npm test -- 'a b'");
    expect(editedBody(body, 'npm test -- c')).toEqual(shell(['sh', '-c', 'npm test -- c'], 'npm test -- c'));
  });

  it('runs nothing of a line that was not what ran', () => {
    expect(editedBody(shell(['bash', '-c', 'rm -rf src'], 'ls'), 'ls src')).toEqual(
      shell(['sh', '-c', 'ls src'], 'ls src'),
    );
  });

  it('is a patch as it was typed', () => {
    const patch = '*** Begin Patch\n+a\n*** End Patch\n';
    expect(editedBody({ kind: 'apply_patch', patch: 'x' }, patch)).toEqual({ kind: 'apply_patch', patch });
  });

  it('is refused when nothing was changed, or nothing is left', () => {
    const body = shell(['bash', '-lc', 'npm i'], 'npm i');
    expect(() => editedBody(body, 'npm i\n')).toThrow(expect.objectContaining({ code: 'usage.invalid' }));
    expect(() => editedBody(body, ' \n')).toThrow(/empty/);
    expect(() => editedBody({ kind: 'apply_patch', patch: 'x' }, 'x\n')).toThrow(/Nothing was changed/);
  });

  it('is offered for commands and patches only', () => {
    expect(editableBody(commandCard('ls'))?.kind).toBe('shell');
    expect(editableBody(commandCard('ls', { subject: 'question' }))).toBeNull();
    expect(editableBody(commandCard('ls', { action: null }))).toBeNull();
  });
});

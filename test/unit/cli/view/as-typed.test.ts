import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asTyped, asTypedEvent } from '../../../../cli/view/as-typed.ts';
import { filesUnder, productFolders, root } from '../../../architecture/source-tree.ts';
import { event } from '../../../helpers/story-events.ts';

const verb = /\blonghaul (?=(?:run|ls|show|up|down|doctor|worker|change|approve|diff|drill|replay)\b)/g;

describe('a message', () => {
  it('names its commands as they can be typed, and nothing else is touched', () => {
    expect(asTyped('no server: start one with "longhaul up", or see "longhaul doctor"', 'npx longhaul')).toBe(
      'no server: start one with "npx longhaul up", or see "npx longhaul doctor"',
    );
    const other = 'npm install longhaul@0.1.0; the branch longhaul/fix-it-abcde; longhaul is here';
    expect(asTyped(other, '/opt/longhaul')).toBe(other);
    expect(asTyped('run "longhaul up"', '/opt/$& $1/longhaul')).toBe('run "/opt/$& $1/longhaul up"');
  });

  it('is written by every folder in a way that can be rewritten', () => {
    const lines = productFolders
      .filter((folder) => folder !== 'cli')
      .flatMap(filesUnder)
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) => readFileSync(join(root, path), 'utf8').split('\n'))
      .filter((text) => !/^\s*(?:\*|\/\/|\/\*)/.test(text));
    const naming = lines.filter((text) => text.match(verb));
    expect(naming.length).toBeGreaterThan(10);
    expect(naming.filter((text) => asTyped(text, 'X').match(verb))).toEqual([]);
  });
});

describe('an event', () => {
  it('says what people have to type, and leaves the model’s words alone', () => {
    const retrying = {
      type: 'live.retrying',
      what: 'plan',
      attempt: 2,
      error: 'no key ("longhaul down")',
      nextAttemptAtMs: null,
    } as const;
    expect(asTypedEvent(event(1, retrying), './longhaul')).toMatchObject({
      error: 'no key ("./longhaul down")',
    });
    const steered = event(1, { type: 'task.steered', text: 'say "longhaul up"', by: 'ann' });
    expect(asTypedEvent(steered, './longhaul')).toBe(steered);
  });
});

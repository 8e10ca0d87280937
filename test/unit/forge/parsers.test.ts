import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChanges } from '../../../forge/changes.ts';
import { decodeName, quoteName, shownList } from '../../../forge/names.ts';
import { nearNames } from '../../../forge/near-names.ts';
import { leavesTree } from '../../../forge/notes.ts';
import { createBatchReader } from '../../../forge/read-objects.ts';
import { redactUrls } from '../../../forge/redact.ts';
import { parseListing } from '../../../forge/tree-listing.ts';

const oid = (digit: string): string => digit.repeat(40);

describe('the listing of a tree', () => {
  it('gives files, programs, links and submodules with sizes', () => {
    const listing = [
      `100644 blob ${oid('a')}      12\ta b`,
      `100755 blob ${oid('b')}       3\tbin/x`,
      `120000 blob ${oid('c')}       4\tlink`,
      `160000 commit ${oid('d')}       -\tsub`,
      '',
    ].join('\0');
    expect(parseListing(Buffer.from(listing))).toEqual([
      { path: 'a b', unusual: false, mode: '100644', object: oid('a'), bytes: 12 },
      { path: 'bin/x', unusual: false, mode: '100755', object: oid('b'), bytes: 3 },
      { path: 'link', unusual: false, mode: '120000', object: oid('c'), bytes: 4 },
      { path: 'sub', unusual: false, mode: '160000', object: oid('d'), bytes: 0 },
    ]);
  });

  it('reads the modes of old repositories as git does', () => {
    const modes = ['100664', '100600', '100775'].map((mode) => `${mode} blob ${oid('a')} 1\tx\0`);
    const entries = parseListing(Buffer.from(modes.join('')));
    expect(entries.map(({ mode }) => mode)).toEqual(['100644', '100644', '100755']);
  });

  it('keeps tabs and line ends of names', () => {
    const [entry] = parseListing(Buffer.from(`100644 blob ${oid('a')} 1\ta\tb\nc\0`));
    expect(entry).toMatchObject({ path: 'a\tb\nc', unusual: true });
  });
});

describe('a name', () => {
  it('that is UTF-8 is itself, any other is quoted as git does it', () => {
    expect(decodeName(Buffer.from('ünï'))).toEqual({ path: 'ünï', unusual: false });
    expect(decodeName(Buffer.from([0x61, 0xff, 0x22, 0x0a]))).toEqual({
      path: '"a\\377\\"\\n"',
      unusual: true,
    });
  });

  it('is told from every other one', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const same = Buffer.from(a).equals(b);
        expect(quoteName(Buffer.from(a)) === quoteName(Buffer.from(b))).toBe(same);
      }),
    );
  });

  it('never breaks a line of text', () => {
    expect(shownList(['a\nb', '\u001b[31m', 'c', 'd', 'e'])).toBe('"a\\nb", "\\033[31m", c, and 2 more');
  });
});

describe('the changes between two trees', () => {
  const raw = (status: string): string => `:100644 100644 ${oid('a')} ${oid('b')} ${status}`;
  it('are joined from the two lists, renames and binary files included', () => {
    const output = [
      ...[raw('M'), 'a b', raw('A'), 'new', raw('D'), 'old', raw('R087'), 'from', 'to', raw('T'), 'link'],
      ...['3\t1\ta b', '-\t-\tnew', '0\t7\told', '2\t2\t', 'from', 'to', '1\t1\tlink', ''],
    ].join('\0');
    expect(parseChanges(Buffer.from(output))).toEqual([
      { path: 'a b', status: 'modified', fromPath: null, linesAdded: 3, linesRemoved: 1 },
      { path: 'new', status: 'added', fromPath: null, linesAdded: 0, linesRemoved: 0 },
      { path: 'old', status: 'deleted', fromPath: null, linesAdded: 0, linesRemoved: 7 },
      { path: 'to', status: 'renamed', fromPath: 'from', linesAdded: 2, linesRemoved: 2 },
      { path: 'link', status: 'type_changed', fromPath: null, linesAdded: 1, linesRemoved: 1 },
    ]);
  });

  it('are none when there are none', () => {
    expect(parseChanges(Buffer.alloc(0))).toEqual([]);
  });
});

describe('the reader of objects', () => {
  it('gives the same however the stream is cut', () => {
    const objects = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        objects,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 30 }),
        (bodies, size, maxBytes) => {
          const stream = Buffer.concat(
            bodies.flatMap((body, index) => [
              Buffer.from(`${index} blob ${body.length}\n`),
              Buffer.from(body),
              Buffer.from(`\n gone${index} missing\n`.replace(' gone', 'gone')),
            ]),
          );
          const reader = createBatchReader(maxBytes);
          for (let start = 0; start < stream.length; start += size) {
            reader.take(stream.subarray(start, start + size));
          }
          expect([...reader.found.keys()]).toEqual(bodies.map((_, index) => String(index)));
          for (const [index, body] of bodies.entries()) {
            expect(reader.found.get(String(index))?.equals(body.subarray(0, maxBytes))).toBe(true);
          }
        },
      ),
    );
  });
});

describe('a text with URLs', () => {
  it.each([
    ["fatal: unable to access 'https://ada:s3cret@example.com/x.git/'", 's3cret'],
    ['https://ghp_token@github.com/a/b', 'ghp_token'],
    ['ssh://git:p@ss@host/x', 'p@ss'],
    ['HTTPS://u:pw@HOST and http://v:qq@h', 'qq'],
  ])('loses the credentials in %j', (text, secret) => {
    expect(redactUrls(text)).not.toContain(secret);
    expect(redactUrls(text)).toContain('***@');
  });

  it('keeps what is no credential', () => {
    for (const text of ['git@github.com:a/b.git', 'https://example.com/a@b', 'mail ada@example.com']) {
      expect(redactUrls(text)).toBe(text);
    }
  });
});

describe('a name that is not there', () => {
  it('brings up those that are nearly the same, the nearest first', () => {
    expect(nearNames('mainn', ['mint', 'feature/x', 'main', 'zzzz'])).toEqual(['main', 'mint']);
    expect(nearNames('login', ['feature/login-page', 'other'])).toEqual(['feature/login-page']);
    expect(nearNames('x', ['completely', 'different'])).toEqual([]);
  });
});

describe('a symbolic link', () => {
  it.each([
    ['a/b/link', '../../c', false],
    ['a/b/link', '../../../c', true],
    ['link', '..', true],
    ['link', '/etc', true],
    ['link', '..hidden', false],
    ['a/link', 'x/../../../y', true],
  ])('at %s to %s leaves the tree: %s', (path, target, leaves) => {
    expect(leavesTree(path, target)).toBe(leaves);
  });
});

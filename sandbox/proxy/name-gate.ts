import { isIP } from 'node:net';
import { Transform } from 'node:stream';
import { normalizeHost } from './allow-list.ts';
import { type FirstWords, readFirstWords } from './client-hello.ts';
import type { Target } from './decision.ts';

const maxHelloBytes = 64 * 1024;
const tlsPort = 443;

/**
 * What a client sends through a tunnel, held back until it is known for whom: TLS must name the host that was asked for, so that a listed
 * name is no way to another one at the same address. At port 443 it must be TLS unless the entry names the port. What does not pass ends the stream with an error.
 */
export function createNameGate(target: Target): Transform {
  let held: Buffer | null = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (held === null) {
        done(null, chunk);
        return;
      }
      held = Buffer.concat([held, chunk]);
      const words = readFirstWords(held);
      if (words.kind === 'more' && held.length <= maxHelloBytes) {
        done();
        return;
      }
      const first = held;
      held = null;
      if (passes(words, target)) done(null, first);
      else done(new Error(`the client of a tunnel to ${target.host} speaks to somebody else`));
    },
  });
}

function passes(words: FirstWords, { host, port, exact }: Target): boolean {
  switch (words.kind) {
    case 'other':
      return exact || port !== tlsPort;
    case 'tls':
      // An address has no name to send: RFC 6066 forbids it.
      if (words.hidden) return false;
      return words.name === null ? isIP(host) !== 0 : normalizeHost(words.name) === host;
    case 'more':
    case 'malformed':
      return false;
  }
}

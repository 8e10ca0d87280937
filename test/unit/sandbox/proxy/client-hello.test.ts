import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { readFirstWords } from '../../../../sandbox/proxy/client-hello.ts';

/** What this Node's own TLS says first. */
async function helloOf(options: { readonly servername?: string }): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  const [socket] = await accepted;
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same message in records of at most so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** Adds an extension at the end. */
function withExtension(hello: Buffer, type: number, body: Buffer): Buffer {
  const extension = Buffer.concat([
    Buffer.from([type >> 8, type & 255, body.length >> 8, body.length & 255]),
    body,
  ]);
  const grown = Buffer.concat([hello, extension]);
  grown.writeUInt16BE(hello.readUInt16BE(3) + extension.length, 3);
  grown.writeUIntBE(hello.readUIntBE(6, 3) + extension.length, 6, 3);
  const session = 5 + 4 + 34;
  const suites = session + 1 + hello.readUInt8(session);
  const compression = suites + 2 + hello.readUInt16BE(suites);
  const extensions = compression + 1 + hello.readUInt8(compression);
  grown.writeUInt16BE(hello.readUInt16BE(extensions) + extension.length, extensions);
  return grown;
}

describe('what a client says first', () => {
  test('a real hello tells its server name', async () => {
    const hello = await helloOf({ servername: 'registry.example' });
    expect(readFirstWords(hello)).toEqual({ kind: 'tls', name: 'registry.example', hidden: false });
  });

  test('a real hello to an address has no name', async () => {
    expect(readFirstWords(await helloOf({}))).toEqual({ kind: 'tls', name: null, hidden: false });
  });

  test('a hello that comes byte by byte is not judged before it is whole', async () => {
    const hello = await helloOf({ servername: 'registry.example' });
    for (let length = 0; length < hello.length; length += 1)
      expect(readFirstWords(hello.subarray(0, length))).toEqual({ kind: 'more' });
  });

  test.each([1, 7, 100])('a name that is spread over records of %i bytes is found', async (size) => {
    const hello = inRecords(await helloOf({ servername: 'registry.example' }), size);
    expect(readFirstWords(hello)).toEqual({ kind: 'tls', name: 'registry.example', hidden: false });
  });

  test('a second name makes it malformed: each side would take another one', async () => {
    const hello = await helloOf({ servername: 'registry.example' });
    const name = Buffer.from('other.example');
    const list = Buffer.concat([Buffer.from([0, name.length + 3, 0, 0, name.length]), name]);
    expect(readFirstWords(withExtension(hello, 0, list))).toEqual({ kind: 'malformed' });
  });

  test('an encrypted hello inside is seen', async () => {
    const hello = withExtension(await helloOf({ servername: 'a.example' }), 0xfe0d, Buffer.alloc(8));
    expect(readFirstWords(hello)).toEqual({ kind: 'tls', name: 'a.example', hidden: true });
  });

  test('what is not TLS is said to be so', () => {
    expect(readFirstWords(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual({ kind: 'other' });
  });

  test('no bytes at all, cut or changed anywhere, make it throw', async () => {
    const hello = await helloOf({ servername: 'registry.example' });
    for (let at = 0; at < hello.length; at += 1)
      for (const value of [0, 1, 127, 255]) {
        const changed = Buffer.from(hello);
        changed[at] = value;
        expect(() => readFirstWords(changed)).not.toThrow();
      }
  });
});

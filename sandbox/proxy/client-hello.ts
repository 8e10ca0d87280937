const handshakeRecord = 22;
const clientHello = 1;
const extension = { serverName: 0, encryptedClientHello: 0xfe0d } as const;
/** RFC 8446, section 5.1, and the room that old implementations took. */
const maxRecordBytes = 16_384 + 2_048;

export type FirstWords =
  /** Not yet enough to tell. */
  | { readonly kind: 'more' }
  | { readonly kind: 'other' }
  /** `name` as sent, null for none; `hidden` when another one may be inside, encrypted. */
  | { readonly kind: 'tls'; readonly name: string | null; readonly hidden: boolean }
  | { readonly kind: 'malformed' };

/** Reads what a client says first: the server name of TLS (RFC 6066, section 3), or that it is not TLS. */
export function readFirstWords(bytes: Buffer): FirstWords {
  if (bytes.length === 0) return { kind: 'more' };
  if (bytes[0] !== handshakeRecord) return { kind: 'other' };
  try {
    const message = joinRecords(bytes);
    return message === null ? { kind: 'more' } : readHello(message);
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'malformed' };
    throw error;
  }
}

/** The first handshake message out of as many records as it takes; null until it is whole. */
function joinRecords(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== handshakeRecord) throw new RangeError('another record within the first message');
    if (bytes.length < at + 5) return null;
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at + 1] !== 3 || length === 0 || length > maxRecordBytes)
      throw new RangeError('no record of TLS');
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    const message = Buffer.concat(parts);
    if (message.length >= 4 && message.length >= 4 + message.readUIntBE(1, 3)) return message;
    at += 5 + length;
  }
  return null;
}

/** RFC 8446, section 4.1.2. Reading past the end throws a RangeError. */
function readHello(message: Buffer): FirstWords {
  if (message[0] !== clientHello) return { kind: 'malformed' };
  const hello = message.subarray(4, 4 + message.readUIntBE(1, 3));
  const session = 2 + 32;
  const suites = session + 1 + hello.readUInt8(session);
  const compression = suites + 2 + hello.readUInt16BE(suites);
  const extensions = compression + 1 + hello.readUInt8(compression);
  // A hello without extensions ends here.
  if (extensions === hello.length) return { kind: 'tls', name: null, hidden: false };
  const first = extensions + 2;
  return readExtensions(hello.subarray(first, first + hello.readUInt16BE(extensions)));
}

function readExtensions(bytes: Buffer): FirstWords {
  let name: string | null = null;
  let hidden = false;
  for (let at = 0; at < bytes.length; ) {
    const body = at + 4;
    const next = body + bytes.readUInt16BE(at + 2);
    if (next > bytes.length) return { kind: 'malformed' };
    const type = bytes.readUInt16BE(at);
    if (type === extension.encryptedClientHello) hidden = true;
    if (type === extension.serverName) {
      if (name !== null) return { kind: 'malformed' };
      name = readServerName(bytes.subarray(body, next));
    }
    at = next;
  }
  return { kind: 'tls', name, hidden };
}

/** A list of exactly one host name: two would let each side choose. */
function readServerName(list: Buffer): string {
  const length = list.readUInt16BE(3);
  const whole = list.readUInt16BE(0) === list.length - 2 && list.length === 5 + length;
  if (!whole || list.readUInt8(2) !== 0 || length === 0) throw new RangeError('no list of one server name');
  return list.subarray(5).toString('latin1');
}

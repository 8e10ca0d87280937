import type { Duplex } from 'node:stream';

const headerBytes = 5;
/** A frame above this is a fault of the other side: payloads are cut into chunks well below it. */
const maxFrameBytes = 8 * 1024 * 1024;
const chunkBytes = 1024 * 1024;

const frameKind = { json: 0, bytes: 1 } as const;

export interface FrameHandlers {
  readonly onJson: (value: unknown) => void;
  readonly onBytes: (bytes: Buffer) => void;
  /** The stream broke the framing; no more frames come. */
  readonly onCorrupt: (reason: string) => void;
}

function header(kind: number, length: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt8(kind, 4);
  return bytes;
}

/** Writes one JSON value as a frame: four bytes of length, one of kind, the payload. */
export function writeJson(socket: Duplex, value: unknown): void {
  const payload = Buffer.from(JSON.stringify(value), 'utf8');
  socket.write(Buffer.concat([header(frameKind.json, payload.length), payload]));
}

/** Writes bytes as frames of at most 1 MiB. The receiver knows the total from the JSON frame before. */
export function writeBytes(socket: { write(bytes: Uint8Array): unknown }, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
    const chunk = bytes.subarray(offset, offset + chunkBytes);
    socket.write(header(frameKind.bytes, chunk.byteLength));
    socket.write(chunk);
  }
}

/** Cuts a socket's stream into frames and hands each to its handler, in order. */
export function readFrames(socket: Duplex, handlers: FrameHandlers): void {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let broken = false;

  const corrupt = (reason: string): void => {
    broken = true;
    handlers.onCorrupt(reason);
  };

  const take = (): boolean => {
    if (pendingBytes < headerBytes) return false;
    if (pending.length > 1) pending = [Buffer.concat(pending)];
    const all = pending[0] ?? Buffer.alloc(0);
    const length = all.readUInt32BE(0);
    if (length > maxFrameBytes) {
      corrupt(`a frame of ${length} bytes, more than ${maxFrameBytes}`);
      return false;
    }
    if (pendingBytes < headerBytes + length) return false;
    const payload = all.subarray(headerBytes, headerBytes + length);
    pending = [all.subarray(headerBytes + length)];
    pendingBytes -= headerBytes + length;
    deliver(all.readUInt8(4), payload);
    return !broken;
  };

  const deliver = (kind: number, payload: Buffer): void => {
    if (kind === frameKind.bytes) handlers.onBytes(payload);
    else {
      const parsed = parseJson(payload);
      if (parsed === null) corrupt('a JSON frame that does not parse');
      else handlers.onJson(parsed.value);
    }
  };

  socket.on('data', (chunk: Buffer) => {
    if (broken) return;
    pending.push(chunk);
    pendingBytes += chunk.length;
    // Joining for every 64 KiB chunk of a long frame would cost the square of its length.
    const first = pending[0];
    if (first !== undefined && first.length >= headerBytes) {
      const wanted = headerBytes + first.readUInt32BE(0);
      if (wanted <= maxFrameBytes && pendingBytes < wanted) return;
    }
    while (take());
  });
}

function parseJson(payload: Buffer): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(payload.toString('utf8')) };
  } catch {
    return null;
  }
}

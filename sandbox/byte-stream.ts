import { type Duplex, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeBytes } from './frames.ts';
import { errnoOf } from './lease-files.ts';

/** Writes a stream as frames of bytes, no faster than the peer takes them. A connection that closes meanwhile ends it without an error. */
export async function sendStream(socket: Duplex, stream: Readable): Promise<void> {
  const framing = new Transform({
    transform(chunk: Buffer, _, done) {
      writeBytes({ write: (bytes) => this.push(bytes) }, chunk);
      done();
    },
  });
  try {
    await pipeline(stream, framing, socket, { end: false });
  } catch (error) {
    if (!socket.destroyed || errnoOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

export interface CallBody {
  readonly stream: Readable;
  take(bytes: Buffer): void;
}

/** The bytes that follow a call, as a stream: who reads slowly slows the sender down. It fails when the caller goes away before all are there. */
export function bodyOf(socket: Duplex, bytes: number): CallBody {
  let missing = bytes;
  const stream = new Readable({ read: () => void socket.resume() });
  // Read or not: what it is destroyed with is for whoever reads it.
  stream.on('error', () => undefined);
  const end = (): void => void stream.push(null);
  socket.on('close', () => {
    if (missing > 0) stream.destroy(new Error(`the caller went away with ${missing} bytes to come`));
  });
  if (bytes === 0) end();
  return {
    stream,
    take(chunk) {
      missing -= chunk.length;
      if (!stream.push(chunk)) socket.pause();
      if (missing <= 0) end();
    },
  };
}

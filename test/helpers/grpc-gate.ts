import {
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A way to a gRPC server on which some calls are refused, as a login is that lacks the right to them. */
export interface GrpcGate {
  readonly address: string;
  /** From now on the calls of these methods are refused, and no others. */
  refuse(...methods: readonly string[]): void;
  close(): void;
}

const permissionDenied = '7';
export const refusal = 'Request unauthorized.';

/** Leads to a server that speaks gRPC without TLS. */
export async function openGrpcGate(target: string): Promise<GrpcGate> {
  const upstream = connect(`http://${target}`);
  let refused: readonly string[] = [];
  const server = createServer();
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream, headers) => {
    const method = headers[':path']?.split('/').at(-1) ?? '';
    if (refused.includes(method)) refuseCall(stream);
    else pass(stream, upstream.request(headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse(...methods) {
      refused = methods;
    },
    close() {
      upstream.destroy();
      server.close();
    },
  };
}

function refuseCall(stream: ServerHttp2Stream): void {
  const trailers = { 'grpc-status': permissionDenied, 'grpc-message': refusal };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true });
}

function pass(stream: ServerHttp2Stream, call: ReturnType<ReturnType<typeof connect>['request']>): void {
  let trailers: IncomingHttpHeaders = {};
  call.on('response', ({ ':status': status, ...headers }, flags) => {
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond({ ':status': status, ...headers }, { endStream, waitForTrailers: !endStream });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    if (!endStream) call.pipe(stream);
  });
  call.on('trailers', (found) => {
    trailers = found;
  });
  stream.pipe(call);
  // Whoever goes away takes the call with it.
  for (const [one, peer] of [
    [stream, call],
    [call, stream],
  ] as const) {
    one.on('error', () => peer.close(constants.NGHTTP2_CANCEL));
    one.on('aborted', () => peer.close(constants.NGHTTP2_CANCEL));
  }
}

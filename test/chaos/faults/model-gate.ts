import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to the model server that can be shut, and on which answers can be held back. */
export interface ModelGate {
  /** The base URL for workers. */
  readonly url: string;
  leadTo(url: string): void;
  /** Nobody listens any more, and what was under way breaks. */
  shut(): Promise<void>;
  open(): Promise<void>;
  holdAnswers(): void;
  /** Answers that nobody waits for any more come too. */
  letAnswersGo(): void;
  close(): Promise<void>;
}

/** Opens a gate on the loopback interface. */
export async function openModelGate(): Promise<ModelGate> {
  const sockets = new Set<Socket>();
  const answers = new Set<Socket>();
  let target = 0;
  let held = false;
  const server = createServer((client) => {
    const model = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [client, model],
      [model, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => void other.write(bytes));
      socket.on('end', () => other.end());
      socket.on('close', () => {
        sockets.delete(socket);
        answers.delete(socket);
        if (socket === model) client.destroy();
      });
    }
    answers.add(model);
    if (held) model.pause();
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}/v1`,
    leadTo(url) {
      target = Number(new URL(url).port);
    },
    shut,
    open: () => (server.listening ? Promise.resolve() : listen(port)),
    holdAnswers() {
      held = true;
      for (const socket of answers) socket.pause();
    },
    letAnswersGo() {
      held = false;
      for (const socket of answers) socket.resume();
    },
    close: shut,
  };
}

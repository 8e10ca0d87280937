import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** How to reach the API server: what `writeKubeconfig` has written. */
export interface Access {
  readonly server: string;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

const KubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) }),
  ]),
  users: z.tuple([
    z.object({ user: z.object({ 'client-certificate-data': z.base64(), 'client-key-data': z.base64() }) }),
  ]),
});

/** Reads a kubeconfig of this tool's own making. */
export function readAccess(file: string): Access {
  const { clusters, users } = KubeconfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  const bytes = (base64: string) => Buffer.from(base64, 'base64');
  return {
    server: cluster.server,
    ca: bytes(cluster['certificate-authority-data']),
    cert: bytes(user['client-certificate-data']),
    key: bytes(user['client-key-data']),
  };
}

const answerTimeoutMs = 10_000;

/** Asks the API server; gives the answer's stream when it says 200. */
export function ask({ server, ca, cert, key }: Access, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(`${server}${path}`, { ca, cert, key }, (response) => {
      if (response.statusCode === 200) {
        // A watch is silent for as long as nothing changes.
        request.setTimeout(0);
        resolve(response);
      } else {
        response.resume();
        reject(new Error(`${path} answered ${response.statusCode}`));
      }
    });
    request.setTimeout(answerTimeoutMs, () => request.destroy(new Error(`${path} did not answer`)));
    request.once('error', reject);
  });
}

export const askJson = async (access: Access, path: string): Promise<unknown> =>
  JSON.parse(await text(await ask(access, path)));

const ListSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
});
const EventSchema = z.object({ type: z.string(), object: z.unknown() });

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const keyOf = ({ metadata }: Named) => `${metadata.namespace ?? ''}/${metadata.name}`;

export interface Collection<T> {
  /** Undefined until all of them are known. */
  readonly all: () => readonly T[] | undefined;
}

async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of stream.setEncoding('utf8')) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Keeps a copy of all objects at a path, for as long as this process runs, and calls `changed` after each change of it. */
export function follow<T extends Named>(
  access: Access,
  path: string,
  schema: z.ZodType<T>,
  changed: () => void,
): Collection<T> {
  let known: Map<string, T> | undefined;

  const list = async () => {
    const { items, metadata } = ListSchema.parse(await askJson(access, path));
    const objects = items.map((item) => schema.parse(item));
    known = new Map(objects.map((object) => [keyOf(object), object]));
    changed();
    return { copy: known, version: metadata.resourceVersion };
  };

  const once = async () => {
    const { copy, version } = await list();
    const stream = await ask(access, `${path}?watch=1&resourceVersion=${version}`);
    for await (const line of linesOf(stream)) {
      const { type, object } = EventSchema.parse(JSON.parse(line));
      // The API server has forgotten where this watch stood: the list is read again.
      if (type === 'ERROR') return;
      const item = schema.parse(object);
      if (type === 'DELETED') copy.delete(keyOf(item));
      else copy.set(keyOf(item), item);
      changed();
    }
  };

  const forever = async () => {
    for (;;) {
      await once().catch((error: unknown) => {
        process.stderr.write(`${new Date().toISOString()} ${path}: ${String(error)}\n`);
      });
      await delay(200);
    }
  };
  void forever();
  return { all: () => known && [...known.values()] };
}

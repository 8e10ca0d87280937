import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { LonghaulError } from '../contracts/error.ts';
import { embeddedNamespace } from './embedded-server/namespace.ts';
import type { Report } from './embedded-server/progress.ts';
import { startEmbeddedServer } from './embedded-server/start.ts';
import type { RunningServer } from './embedded-server/state-file.ts';
import { embeddedServerStatus } from './embedded-server/status.ts';
import { type Environment, stateDirectory } from './state-dir.ts';

/** What a client and a worker connect with; both SDK connections take these options. */
export interface ServerConnection {
  readonly address: string;
  readonly namespace: string;
  readonly connectionOptions: Pick<NativeConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
}

export type ResolvedServer =
  | (ServerConnection & { readonly kind: 'configured' })
  | (ServerConnection & { readonly kind: 'embedded'; readonly server: RunningServer });

export interface ResolveServerOptions {
  readonly env?: Environment;
  readonly report?: Report;
}

/**
 * The server that the environment (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS…`) or the
 * profile of the Temporal client's configuration file names; undefined when neither names one.
 * Throws `config.invalid` for a file that cannot be read, and for settings of a server without its address.
 */
export function configuredServer(env: Environment = process.env): ServerConnection | undefined {
  const { connectionOptions, namespace } = loadProfile(env);
  const { address, apiKey, tls, metadata } = connectionOptions;
  if (address === undefined || address === '') {
    if (namespace === undefined && apiKey === undefined && tls === undefined) return undefined;
    // Falling back to the embedded server would run a company's tasks on a laptop without a word.
    throw new LonghaulError(
      'config.invalid',
      `A Temporal ${namedSetting(namespace, apiKey)} is set, but no address. Set TEMPORAL_ADDRESS=host:port, or unset it to use the embedded server.`,
    );
  }
  const options = {
    address,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { address, namespace: namespace ?? 'default', connectionOptions: options };
}

function loadProfile(env: Environment): ReturnType<typeof loadClientConnectConfig> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(entries) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'config.invalid',
      `The configuration of the Temporal client cannot be used: ${reason}. Correct TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE or the file temporal.toml.`,
      { cause: error },
    );
  }
}

function namedSetting(namespace: string | undefined, apiKey: unknown): string {
  if (apiKey !== undefined) return 'API key';
  return namespace === undefined ? 'TLS setting' : `namespace (${namespace})`;
}

/** The configured server, else the user's embedded one, which is started when it does not run. */
export async function resolveServer(options: ResolveServerOptions = {}): Promise<ResolvedServer> {
  const { env = process.env } = options;
  const configured = configuredServer(env);
  if (configured) return { kind: 'configured', ...configured };
  return embedded(await startEmbeddedServer(options));
}

/** Like `resolveServer`, but starts nothing: undefined when no server is configured and the embedded one does not run, or not answer. */
export async function runningServer(env: Environment = process.env): Promise<ResolvedServer | undefined> {
  const known = await knownServer(env);
  return known?.silentPid === null ? known.server : undefined;
}

export interface KnownServer {
  readonly server: ResolvedServer;
  /** The process of an embedded server that lives and does not answer; null for one that does, and for a configured one, which is not asked. */
  readonly silentPid: number | null;
}

/** As `runningServer`, and the embedded one also while it does not answer: it is starting, or stuck. */
export async function knownServer(env: Environment = process.env): Promise<KnownServer | undefined> {
  const configured = configuredServer(env);
  if (configured) return { server: { kind: 'configured', ...configured }, silentPid: null };
  const status = await embeddedServerStatus(stateDirectory(env));
  if (status.status === 'stopped') return undefined;
  return {
    server: embedded(status.server),
    silentPid: status.status === 'running' ? null : status.server.pid,
  };
}

function embedded(server: RunningServer): ResolvedServer {
  const { address } = server;
  return { kind: 'embedded', address, namespace: embeddedNamespace, connectionOptions: { address }, server };
}

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';

export const EgressConfigSchema = z.strictObject({
  port: z.int().min(1).max(65_535).default(3128),
  healthPort: z.int().min(1).max(65_535).default(8080),
  /** PEM, SPKI, Ed25519. */
  publicKeyFile: z.string(),
  /** The ranges of pods, services and nodes: no list opens an address of these. */
  clusterRanges: z.array(z.string()).min(1),
  maxConnections: z.int().min(1).default(2_000),
  maxConnectionsOfLease: z.int().min(1).default(256),
  idleSeconds: z.int().min(1).default(300),
  /** How long what is under way may go on once the proxy is told to end. */
  drainSeconds: z.int().min(0).default(25),
});
export type EgressConfig = z.infer<typeof EgressConfigSchema>;

/** Reads the proxy's settings, JSON. Throws `config.invalid`. */
export function readEgressConfig(file: string): EgressConfig {
  try {
    return EgressConfigSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const found =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : error;
    throw new LonghaulError('config.invalid', `The egress proxy's settings in ${file} are wrong: ${found}`, {
      cause: error,
    });
  }
}

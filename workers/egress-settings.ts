import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { LonghaulError } from '../contracts/error.ts';
import type { EgressSettings } from '../k8s/egress-url.ts';
import { createGrantSigner } from '../sandbox/egress/token.ts';

const proxyWords = 'expected http://<host>:<port> of the egress proxy';

/** What `kubernetes.yaml` says of the way out. */
export const EgressConfigSchema = z.strictObject({
  proxyUrl: z.url(proxyWords).regex(/^http:\/\/[^/@?#]+\/?$/, proxyWords),
  /** PEM, PKCS #8, Ed25519; relative to the file of the settings. The proxy has the public half. */
  privateKeyFile: z.string('expected the file of the private key').min(1),
  bindToPod: z.boolean().default(true),
});

/** Reads the key that opens the egress proxy. Throws `config.invalid`. */
export function egressSettings(
  { proxyUrl, privateKeyFile, bindToPod }: z.infer<typeof EgressConfigSchema>,
  settingsFile: string,
): EgressSettings {
  const file = path.resolve(path.dirname(settingsFile), privateKeyFile);
  let privateKey: string;
  try {
    privateKey = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LonghaulError(
      'config.invalid',
      `${settingsFile} names ${file} as the key of the egress proxy, which cannot be read: ${reason}. Correct egress.privateKeyFile, or mount the key.`,
      { cause: error },
    );
  }
  return { proxyUrl, signGrant: createGrantSigner(privateKey), bindToPod };
}

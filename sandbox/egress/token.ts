import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import { LeaseIdSchema, TaskIdSchema } from '../../contracts/ids.ts';

const algorithm = 'EdDSA';
const issuer = 'longhaul';
const audience = 'longhaul-egress';
/** By how much the clocks of worker and proxy may differ. */
const clockToleranceSeconds = 30;
/** In a header, beside everything else that a proxy takes in one. */
const maxTokenBytes = 32 * 1024;

const GrantSchema = z.object({
  leaseId: LeaseIdSchema,
  taskId: TaskIdSchema,
  hosts: z.array(z.string()),
  /** The pod's own address; null where the proxy does not see it. */
  address: z.union([z.ipv4(), z.ipv6()]).nullable(),
  expiresAtMs: z.number(),
});
/** What a setup may reach, from where and until when. */
export type EgressGrant = z.infer<typeof GrantSchema>;

const ClaimsSchema = z
  .object({
    sub: GrantSchema.shape.leaseId,
    task: GrantSchema.shape.taskId,
    hosts: GrantSchema.shape.hosts,
    address: GrantSchema.shape.address,
    exp: z.number(),
  })
  .transform(
    ({ sub, task, hosts, address, exp }): EgressGrant => ({
      leaseId: sub,
      taskId: task,
      hosts,
      address,
      expiresAtMs: (exp + clockToleranceSeconds) * 1_000,
    }),
  );

export type SignGrant = (grant: EgressGrant) => Promise<string>;

/** Signs grants with an Ed25519 key in PKCS #8, PEM: a JSON Web Token, RFC 8037. Throws `config.invalid`; signing throws `usage.invalid` for too many hosts. */
export function createGrantSigner(privateKey: string): SignGrant {
  const key = readKey('private key (PKCS #8)', () => createPrivateKey(privateKey));
  return async ({ leaseId, taskId, hosts, address, expiresAtMs }) => {
    const token = await new SignJWT({ task: taskId, hosts, address })
      .setProtectedHeader({ alg: algorithm })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(leaseId)
      .setIssuedAt()
      .setExpirationTime(Math.ceil(expiresAtMs / 1_000))
      .sign(key);
    if (token.length <= maxTokenBytes) return token;
    throw new LonghaulError(
      'usage.invalid',
      `The setup of lease ${leaseId} lists ${hosts.length} hosts, more than one request to the egress proxy can carry. List fewer, or domains as *.example.com.`,
    );
  };
}

export type TokenProblem = 'no_token' | 'token_invalid' | 'token_expired' | 'other_address';

/** The grant of a token that came from an address; or why it is none. */
export type ReadGrant = (token: string, from: string) => Promise<EgressGrant | TokenProblem>;

/** Reads grants with the public key alone, SPKI, PEM. Throws `config.invalid`. */
export function createGrantReader(publicKey: string): ReadGrant {
  const key = readKey('public key (SPKI)', () => createPublicKey(publicKey));
  const options = {
    algorithms: [algorithm],
    issuer,
    audience,
    clockTolerance: clockToleranceSeconds,
    requiredClaims: ['exp', 'sub'],
  };
  return async (token, from) => {
    if (token === '') return 'no_token';
    try {
      const { payload } = await jwtVerify(token, key, options);
      const grant = ClaimsSchema.parse(payload);
      return grant.address === null || grant.address === plainAddress(from) ? grant : 'other_address';
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'token_expired' : 'token_invalid';
    }
  };
}

/** An IPv4 address as such, also where it comes in the form of IPv6. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[0-9.]+$)/i, '');
}

function readKey(what: string, read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw badKey(what, error);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw badKey(what, new Error(`it is of the kind ${key.asymmetricKeyType}`));
}

function badKey(what: string, cause: unknown): LonghaulError {
  return new LonghaulError(
    'config.invalid',
    `The egress proxy's ${what} cannot be read; expected Ed25519 in PEM. Make a pair with: openssl genpkey -algorithm ed25519 -out private.pem; openssl pkey -in private.pem -pubout -out public.pem`,
    { cause },
  );
}

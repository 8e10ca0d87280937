import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { LeaseIdSchema, TaskIdSchema } from '../../../../contracts/ids.ts';
import { createGrantReader, createGrantSigner, type EgressGrant } from '../../../../sandbox/egress/token.ts';

function keys(type: 'ed25519' | 'ed448' = 'ed25519') {
  const pair = generateKeyPairSync(type as 'ed25519');
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    pair,
  };
}

const pod = '10.244.0.7';
const grant = (more: Partial<EgressGrant> = {}): EgressGrant => ({
  leaseId: LeaseIdSchema.parse('fix.1'),
  taskId: TaskIdSchema.parse('fix'),
  hosts: ['registry.example'],
  address: pod,
  expiresAtMs: Date.now() + 60_000,
  ...more,
});

test('a token gives what was signed, to the pod that it is for', async () => {
  const { privateKey, publicKey } = keys();
  const token = await createGrantSigner(privateKey)(grant());
  const read = createGrantReader(publicKey);
  expect(await read(token, pod)).toMatchObject({
    leaseId: 'fix.1',
    hosts: ['registry.example'],
    address: pod,
  });
  expect(await read(token, `::ffff:${pod}`)).toMatchObject({ leaseId: 'fix.1' });
});

test('a token is of no use at another address, unless it is bound to none', async () => {
  const { privateKey, publicKey } = keys();
  const sign = createGrantSigner(privateKey);
  const read = createGrantReader(publicKey);
  expect(await read(await sign(grant()), '10.244.0.8')).toBe('other_address');
  expect(await read(await sign(grant({ address: null })), '10.244.0.8')).toMatchObject({ leaseId: 'fix.1' });
});

test('a token ends with its time', async () => {
  const { privateKey, publicKey } = keys();
  const token = await createGrantSigner(privateKey)(grant({ expiresAtMs: Date.now() - 120_000 }));
  expect(await createGrantReader(publicKey)(token, pod)).toBe('token_expired');
});

test('a token of another key, without a signature, of another kind or for somebody else is none', async () => {
  const { privateKey, publicKey, pair } = keys();
  const read = createGrantReader(publicKey);
  const token = await createGrantSigner(privateKey)(grant());
  const [header = '', claims = ''] = token.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  const byPublicKey = new SignJWT({ task: 'fix', hosts: ['*.example'], address: null })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('longhaul')
    .setAudience('longhaul-egress')
    .setSubject('fix.1')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(publicKey));
  const forOthers = new SignJWT({ task: 'fix', hosts: ['*.example'], address: null })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer('longhaul')
    .setAudience('another-service')
    .setSubject('fix.1')
    .setExpirationTime('1h')
    .sign(pair.privateKey);
  const forged = [
    await createGrantSigner(keys().privateKey)(grant()),
    `${none}.${claims}.`,
    `${header}.${claims}.`,
    await byPublicKey,
    await forOthers,
    'x',
  ];
  for (const one of forged) expect(await read(one, pod)).toBe('token_invalid');
  expect(await read('', pod)).toBe('no_token');
});

test('a token without an end is none', async () => {
  const { publicKey, pair } = keys();
  const token = await new SignJWT({ task: 'fix', hosts: [], address: null })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer('longhaul')
    .setAudience('longhaul-egress')
    .setSubject('fix.1')
    .sign(pair.privateKey);
  expect(await createGrantReader(publicKey)(token, pod)).toBe('token_invalid');
});

test('a key of another kind, or none, is refused with how to make one', () => {
  for (const key of ['', keys('ed448').privateKey])
    expect(() => createGrantSigner(key)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  expect(() => createGrantReader('x')).toThrow(/openssl genpkey/);
});

test('more hosts than a request can carry are refused when the token is made', async () => {
  const hosts = Array.from({ length: 2_000 }, (_, index) => `host-${index}.registry.example`);
  const signing = createGrantSigner(keys().privateKey)(grant({ hosts }));
  await expect(signing).rejects.toMatchObject({ code: 'usage.invalid' });
});

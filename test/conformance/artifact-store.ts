import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact-store.ts';
import { DigestSchema } from '../../contracts/ids.ts';

export interface StoreUnderTest {
  readonly store: ArtifactStore;
  /** Changes the stored bytes behind the store's back. */
  readonly damage: (digest: Awaited<ReturnType<ArtifactStore['put']>>) => Promise<void> | void;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytesOf = (value: string): Uint8Array => Buffer.from(value);

/** What every artifact store must do. */
export function artifactStoreConformance(
  name: string,
  makeStore: () => Promise<StoreUnderTest> | StoreUnderTest,
): void {
  describe(`${name} as an artifact store`, () => {
    it('names bytes by their SHA-256', async () => {
      const { store } = await makeStore();
      expect(await store.put(bytesOf('hello'))).toBe(
        'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      );
    });

    it('gives any bytes back as they were put', async () => {
      const { store } = await makeStore();
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
          const digest = await store.put(bytes);
          expect(await store.has(digest)).toBe(true);
          expect(Buffer.from(await store.get(digest)).equals(bytes)).toBe(true);
        }),
        { numRuns: 40 },
      );
    });

    it('puts the same bytes twice as one artifact', async () => {
      const { store } = await makeStore();
      const first = await store.put(bytesOf('same'));
      expect(await store.put(bytesOf('same'))).toBe(first);
      expect(text(await store.get(first))).toBe('same');
    });

    it('keeps empty bytes', async () => {
      const { store } = await makeStore();
      const digest = await store.put(new Uint8Array());
      expect(await store.get(digest)).toHaveLength(0);
    });

    it('keeps what was put though the caller changes its buffer', async () => {
      const { store } = await makeStore();
      const bytes = Buffer.from('before');
      const digest = await store.put(bytes);
      bytes.write('after!');
      expect(text(await store.get(digest))).toBe('before');
    });

    it('knows nothing of an artifact that nobody put', async () => {
      const { store } = await makeStore();
      const absent = DigestSchema.parse(`sha256:${'0'.repeat(64)}`);
      expect(await store.has(absent)).toBe(false);
      await expect(store.get(absent)).rejects.toMatchObject({ code: 'artifact.not_found' });
    });

    it('refuses to give out bytes that do not have the digest', async () => {
      const { store, damage } = await makeStore();
      const digest = await store.put(bytesOf('sound'));
      await damage(digest);
      await expect(store.get(digest)).rejects.toMatchObject({ code: 'artifact.corrupted' });
    });

    it('repairs a damaged artifact when its bytes are put again', async () => {
      const { store, damage } = await makeStore();
      const digest = await store.put(bytesOf('sound'));
      await damage(digest);
      await store.put(bytesOf('sound'));
      expect(text(await store.get(digest))).toBe('sound');
    });

    it('takes the same and other bytes from many writers at once', async () => {
      const { store } = await makeStore();
      const values = Array.from({ length: 40 }, (_, index) => `value ${index % 5}`);
      const digests = await Promise.all(values.map((value) => store.put(bytesOf(value))));
      expect(new Set(digests).size).toBe(5);
      for (const [index, digest] of digests.entries()) {
        expect(text(await store.get(digest))).toBe(values[index]);
      }
    });
  });
}

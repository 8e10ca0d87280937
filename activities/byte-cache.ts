export interface ByteCache<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
}

/** Keeps what was used last, up to `maxBytes` in all; a larger value is not kept. Nothing may depend on finding anything here. */
export function createByteCache<K, V>(maxBytes: number, bytesOf: (value: V) => number): ByteCache<K, V> {
  const held = new Map<K, V>();
  let bytes = 0;
  const remove = (key: K) => {
    const value = held.get(key);
    if (value === undefined) return;
    bytes -= bytesOf(value);
    held.delete(key);
  };
  return {
    get(key) {
      const value = held.get(key);
      if (value === undefined) return undefined;
      held.delete(key);
      held.set(key, value);
      return value;
    },
    set(key, value) {
      remove(key);
      held.set(key, value);
      bytes += bytesOf(value);
      for (const oldest of held.keys()) {
        if (bytes <= maxBytes) break;
        remove(oldest);
      }
    },
    delete: remove,
  };
}

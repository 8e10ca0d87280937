/**
 * Lets many hold it shared, or one alone, in the order of asking. Steps share the workspace; a restore has it alone.
 */
export interface Gate {
  shared<T>(work: () => Promise<T>): Promise<T>;
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  let lastAlone: Promise<unknown> = Promise.resolve();
  let sharers: Promise<unknown>[] = [];
  const settled = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);

  return {
    shared(work) {
      const result = lastAlone.then(work);
      const entry = settled(result).then(() => {
        sharers = sharers.filter((other) => other !== entry);
      });
      sharers.push(entry);
      return result;
    },
    alone(work) {
      const result = Promise.all([lastAlone, ...sharers]).then(work);
      lastAlone = settled(result);
      return result;
    },
  };
}

import type { Notifier } from '../../contracts/notifier.ts';

/** For a worker that knows nobody to tell. */
export const silentNotifier: Notifier = { notify: async () => {} };

// Takes the lock of argv[2], says so, writes to argv[3] when it enters and leaves, and leaves when its stdin ends.

import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { withProcessLock } from '../../../workers/process-lock.mjs';

const [, , lock = '', journal = ''] = process.argv;
await withProcessLock(lock, {}, async () => {
  appendFileSync(journal, `enter ${process.pid}\n`);
  process.stdout.write('locked\n');
  process.stdin.resume();
  await once(process.stdin, 'end');
  appendFileSync(journal, `leave ${process.pid}\n`);
});

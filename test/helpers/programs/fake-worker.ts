// A worker as `startWorkerProcess` sees one: announces itself, and ends at SIGTERM. FAKE_WORKER: `fails`, `deaf`, `late`, `refuses`, `busy`.
import { setTimeout as delay } from 'node:timers/promises';
import { LonghaulError } from '../../../contracts/error.ts';
import { announceWorker } from '../../../workers/announce-worker.ts';
import { taskQueueOf } from '../../../workers/task-queue.ts';

const mode = process.env['FAKE_WORKER'];
if (mode === 'fails') {
  process.stderr.write('cannot start: planted\n');
  process.exit(1);
}
const timer = setInterval(() => {}, 60_000);
const description = {
  address: '127.0.0.1:1',
  taskQueue: taskQueueOf(),
  version: '1',
  model: null,
  sandbox: null,
};
const worker = await announceWorker(description);
if (mode === 'refuses') {
  await worker.failed(new LonghaulError('version.cannot_replay', 'planted'));
  process.exit(1);
}
if (mode === 'busy') {
  for (let count = 1; count <= 8; count += 1) {
    worker.doing(`replayed ${count} of 8`);
    await delay(600);
  }
}
if (mode !== 'late') await worker.ready(mode === 'busy' ? ['a note'] : []);
process.on('SIGTERM', () => {
  if (mode === 'deaf') return;
  clearInterval(timer);
  void worker.gone();
});

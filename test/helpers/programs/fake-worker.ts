// A worker as `startWorkerProcess` sees one: registers, and ends at SIGTERM. FAKE_WORKER: `fails`, `deaf`, `late`.
import { taskQueueOf } from '../../../workers/task-queue.ts';
import { registerWorker } from '../../../workers/worker-processes.ts';

const mode = process.env['FAKE_WORKER'];
if (mode === 'fails') {
  process.stderr.write('cannot start: planted\n');
  process.exit(1);
}
const timer = setInterval(() => {}, 60_000);
const description = { address: '127.0.0.1:1', taskQueue: taskQueueOf(), version: '1' };
const remove = mode === 'late' ? async () => {} : await registerWorker(description);
process.on('SIGTERM', () => {
  if (mode === 'deaf') return;
  clearInterval(timer);
  void remove();
});

// The product's worker, with a place to stop: LONGHAUL_CHAOS_MOMENTS names the directory of the moments.
import { serveTasks } from '../../../workers/serve-tasks.ts';
import { slowStore } from './slow-store.ts';
import { createStops } from './stop-at.ts';

const directory = process.env['LONGHAUL_CHAOS_MOMENTS'] ?? '';
const requestTimeoutMs = process.env['LONGHAUL_CHAOS_MODEL_TIMEOUT_MS'];
const stops = createStops(directory);
// Outside of the fence: what stops here has not passed it yet.
await serveTasks(
  { chosen: true, leave: [], endWhenReplaced: true },
  {
    around: (ports) => stops.ports({ ...ports, artifacts: slowStore(directory, ports.artifacts) }),
    interceptors: [stops.interceptor],
    modelLimits: requestTimeoutMs === undefined ? {} : { requestTimeoutMs: Number(requestTimeoutMs) },
  },
);

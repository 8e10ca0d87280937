// The product's worker, with a place to stop: LONGHAUL_CHAOS_MOMENTS names the directory of the moments.
import { serveTasks } from '../../../workers/serve-tasks.ts';
import { createStops } from './stop-at.ts';

const stops = createStops(process.env['LONGHAUL_CHAOS_MOMENTS'] ?? '');
// Outside of the fence: what stops here has not passed it yet.
await serveTasks(
  { chosen: true, leave: [], endWhenReplaced: true },
  { around: stops.ports, interceptors: [stops.interceptor] },
);

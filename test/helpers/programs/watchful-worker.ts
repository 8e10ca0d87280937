// The product's worker, which looks after the versions of its queue all the time instead of every minute.
import { serveTasks } from '../../../workers/serve-tasks.ts';

await serveTasks({ chosen: true, leave: [], endWhenReplaced: true }, { lookEveryMs: 200 });

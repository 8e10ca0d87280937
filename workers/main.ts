import { parseArgs } from 'node:util';
import { serveTasks } from './serve-tasks.ts';

// Started by the command line in the background: it makes its version current, and ends once another one has taken over.
const { values } = parseArgs({ options: { leave: { type: 'string', multiple: true, default: [] } } });
await serveTasks({ chosen: true, leave: values.leave, endWhenReplaced: true });

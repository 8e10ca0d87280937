export { codingTask } from './coding-task.ts';

import { createGitForge } from '../../forge/git-forge.ts';
import { createGitTaskRepository } from '../../forge/git-task-repository.ts';
import { taskRepositoryConformance } from './task-repository.ts';

taskRepositoryConformance('git', (stateDir) => ({
  forge: createGitForge({ stateDir }),
  tasks: createGitTaskRepository({ stateDir }),
}));

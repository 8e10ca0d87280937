import { createGitForge } from '../../forge/git-forge.ts';
import { forgeConformance } from './forge.ts';

forgeConformance('git', (stateDir) => createGitForge({ stateDir }));

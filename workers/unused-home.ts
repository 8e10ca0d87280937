import { existsSync } from 'node:fs';
import { configuredServer } from './connection.ts';
import { serverPaths } from './embedded-server/state-file.ts';
import { type Environment, stateDirectory } from './state-dir.ts';

/** Whether no task can ever have been started here: no server is configured, and none has kept anything in this home. Throws `config.invalid`. */
export function isUnusedHome(env: Environment = process.env): boolean {
  return configuredServer(env) === undefined && !existsSync(serverPaths(stateDirectory(env)).database);
}

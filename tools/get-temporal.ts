import { errorCode } from '../contracts/error.ts';
import { findServerBinary } from '../workers/embedded-server/find-binary.ts';

// Prints the path of a Temporal CLI, and gets one first where there is none; what it does meanwhile goes to stderr.
try {
  console.log((await findServerBinary({ report: console.error })).path);
} catch (error) {
  if (errorCode(error) === undefined) throw error;
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 4;
}

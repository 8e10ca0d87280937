import { spawn } from 'node:child_process';
import { showProgress } from './output.mjs';

/**
 * @typedef {object} Outcome
 * @property {number | null} code null when the program could not be started or was killed
 * @property {string} output the last 64 KiB of what it printed
 */

/**
 * Runs a program that can ask nobody anything (it has no stdin), and says every two seconds that it runs.
 * @param {string} description
 * @param {readonly [string, ...string[]]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, describe?: () => string }} [options]
 * @returns {Promise<Outcome>}
 */
export function runQuietly(description, [program, ...args], options = {}) {
  const done = showProgress(options.describe ?? (() => description));
  return new Promise((resolve) => {
    let output = '';
    /** @param {Outcome} outcome */
    const end = (outcome) => {
      done();
      resolve(outcome);
    };
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-65_536);
      });
    }
    child.once('error', (error) => end({ code: null, output: error.message }));
    child.once('close', (code) => end({ code, output: output.trim() }));
  });
}

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ConfinedCall, ConfinedResult } from './confine.ts';
import { quoteWord } from './step-script.ts';

/** A shell that stays inside one mount namespace, and starts trusted programs there one after the other. */
export interface ConfinedShell {
  readonly name: string;
  /** Exit code -1 when the shell itself has died. */
  run(call: ConfinedCall): Promise<ConfinedResult>;
  isEnded(): boolean;
  /** Resolves when it and what it runs have ended. */
  end(): Promise<void>;
}

/**
 * Making the namespace costs twice what git's own work does, so it is made once. Programs read and write files of `scratch`, which lies
 * in the keeper's repository: a shell cannot be handed a descriptor later on. What they say of errors comes by a pipe: a full disk is told.
 */
export function startConfinedShell(deps: {
  /** The command line that becomes the shell. */
  readonly command: readonly [string, ...string[]];
  readonly scratch: string;
  readonly name: string;
}): ConfinedShell {
  const [program, ...args] = deps.command;
  const child = spawn(program, args, { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  const file = (suffix: string): string => path.join(deps.scratch, `${deps.name}.${suffix}`);
  const errors = readErrors(child.stderr);
  let ended = false;
  const end = new Promise<string>((resolve) => {
    const finish = (how: string): void => {
      ended = true;
      resolve(`${how} ${errors.text()}`.trim());
    };
    child.on('error', (error) => finish(error.message));
    child.on('close', (code, signal) =>
      finish(`the confined shell ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  let onStatus: (status: number) => void = () => undefined;
  createInterface({ input: child.stdout }).on('line', (line) => onStatus(Number(line)));
  child.stdin.on('error', () => undefined);
  // bwrap sets it; programs get what their call says and nothing else.
  child.stdin.write('unset PWD OLDPWD\n');
  let last: Promise<unknown> = Promise.resolve();

  const runNow = async (call: ConfinedCall): Promise<ConfinedResult> => {
    const from = call.stdin === undefined ? '/dev/null' : file('in');
    try {
      if (call.stdin !== undefined) writeFileSync(from, call.stdin, { mode: 0o600 });
      // Nobody can foresee it, so no program can say that it has ended.
      const mark = randomBytes(12).toString('hex');
      const said = errors.until(mark);
      const status = new Promise<number>((resolve) => {
        onStatus = resolve;
      });
      child.stdin.write(`${shellLine(call, from, file('out'))}; status=$?; echo ${mark} >&2; echo $status\n`);
      const how = await Promise.race([Promise.all([status, said]), end]);
      if (typeof how === 'string') return { exitCode: -1, stdout: Buffer.alloc(0), stderr: how };
      const [exitCode, stderr] = how;
      // The shell could not make the file where its own words say so.
      const stdout = existsSync(file('out')) ? readFileSync(file('out')) : Buffer.alloc(0);
      return { exitCode, stdout, stderr };
    } finally {
      for (const suffix of ['in', 'out']) rmSync(file(suffix), { force: true });
    }
  };
  return {
    name: deps.name,
    run(call) {
      const result = last.then(() => runNow(call));
      last = result.catch(() => undefined);
      return result;
    },
    isEnded: () => ended,
    async end() {
      child.kill('SIGKILL');
      await end;
    },
  };
}

/** Runs the program with a fixed environment. */
function shellLine(call: ConfinedCall, from: string, to: string): string {
  const environment = Object.entries(call.env).map(([name, value]) => `${name}=${quoteWord(value)}`);
  const words = [call.program, ...call.args].map(quoteWord);
  // A subshell: a redirection that fails would end the shell itself.
  return `( ${environment.join(' ')} exec ${words.join(' ')} ) <${quoteWord(from)} >${quoteWord(to)}`;
}

const stderrLimit = 65_536;

/** Standard error of one program after another, each up to the mark that the shell puts behind it. */
function readErrors(stream: Readable) {
  let head = '';
  let newest = '';
  let mark = '';
  let onMark: (text: string) => void = () => undefined;
  stream.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8');
    head = (head + text).slice(0, stderrLimit);
    newest = (newest + text).slice(-100);
    if (mark === '' || !newest.endsWith(`${mark}\n`)) return;
    const said = head.endsWith(`${mark}\n`) ? head.slice(0, -mark.length - 1) : head;
    head = newest = mark = '';
    onMark(said);
  });
  return {
    text: () => head.trim(),
    until: (next: string): Promise<string> => {
      mark = next;
      return new Promise((resolve) => {
        onMark = resolve;
      });
    },
  };
}

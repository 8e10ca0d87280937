import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { LonghaulError } from '../contracts/error.ts';
import { redactUrls } from './redact.ts';

/** What git may know of the surrounding process; the composition root gives it. */
export type GitEnvironment = Readonly<Record<string, string | undefined>>;

export interface GitCall {
  readonly args: readonly string[];
  /** The repository to work on; without it, `directory` is where git looks for one. */
  readonly gitDir?: string;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Configuration for this call, given by the environment: nobody else on the machine can list it. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  /** Reads the person's own git configuration (credentials, proxies, safe.directory); off for work on our own repositories. */
  readonly personConfig?: boolean;
  readonly input?: Uint8Array | string;
  readonly timeoutMs?: number;
  /** More standard output than this ends the call with `repository.unreadable`. */
  readonly maxOutputBytes?: number;
  /** Takes standard output as it comes, instead of keeping it. */
  readonly onStdout?: (chunk: Buffer) => void;
}

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  /** The end of standard error, in English, without credentials. */
  readonly stderr: string;
}

/**
 * Runs git once, without a shell, and gives any exit code back. Hooks, fsmonitor, pagers, prompts, automatic gc and transports other than
 * https, http, ssh and files are off. Throws `git.missing`; `repository.unavailable` when it takes too long; the signal's reason when aborted.
 */
export type Git = (call: GitCall) => Promise<GitResult>;

const keptVariables = [
  'PATH',
  'HOME',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'GIT_EXEC_PATH',
];
/** For talking to a remote with what the person has set up. */
const personVariables = [
  'SSH_AUTH_SOCK',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SUDO_UID',
];

const hardening: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.splitIndex', 'false'],
  ['core.pager', 'cat'],
  ['core.bigFileThreshold', '16m'],
  ['gc.auto', '0'],
  ['gc.pruneExpire', 'never'],
  ['maintenance.auto', 'false'],
  ['fetch.writeCommitGraph', 'false'],
  ['fetch.unpackLimit', '1'],
  ['submodule.recurse', 'false'],
  ['protocol.version', '2'],
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '120'],
  ['credential.interactive', 'false'],
  ['advice.addEmbeddedRepo', 'false'],
];

const defaultTimeoutMs = 10 * 60_000;
const defaultMaxOutputBytes = 512 * 1024 * 1024;
const keptErrorBytes = 32 * 1024;
const graceMs = 2_000;

export function createGit(deps: {
  readonly environment: GitEnvironment;
  readonly signal?: AbortSignal;
}): Git {
  return (call) => runGit(deps, call);
}

function environmentOf(environment: GitEnvironment, call: GitCall): Record<string, string> {
  const env: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
    HOME: homedir(),
  };
  for (const name of call.personConfig === true ? [...keptVariables, ...personVariables] : keptVariables) {
    const value = environment[name];
    if (value !== undefined) {
      env[name] = value;
    }
  }
  if (call.personConfig !== true) {
    env['GIT_CONFIG_NOSYSTEM'] = '1';
    env['GIT_CONFIG_GLOBAL'] = '/dev/null';
  }
  const config = [...hardening, ...(call.config ?? [])];
  for (const [index, [key, value]] of config.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return {
    ...env,
    GIT_CONFIG_COUNT: String(config.length),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // Set and empty: git then asks no program, also not one that the configuration names.
    GIT_ASKPASS: '',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:file',
    ...call.env,
  };
}

function argvOf(call: GitCall): readonly string[] {
  const directory = call.directory === undefined ? [] : ['-C', call.directory];
  const gitDir = call.gitDir === undefined ? [] : [`--git-dir=${call.gitDir}`];
  return ['--no-pager', '--literal-pathspecs', ...directory, ...gitDir, ...call.args];
}

function runGit(
  deps: { readonly environment: GitEnvironment; readonly signal?: AbortSignal },
  call: GitCall,
): Promise<GitResult> {
  const { promise, resolve, reject } = Promise.withResolvers<GitResult>();
  if (deps.signal?.aborted === true) {
    reject(deps.signal.reason);
    return promise;
  }
  // A session of its own: ssh finds no terminal to ask on, and the whole group can be ended.
  const child = spawn('git', argvOf(call), {
    cwd: '/',
    detached: true,
    env: environmentOf(deps.environment, call),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timeoutMs = call.timeoutMs ?? defaultTimeoutMs;
  let ended: unknown;
  let killTimer: NodeJS.Timeout | undefined;
  const end = (reason: unknown): void => {
    if (ended === undefined) {
      ended = reason;
      killGroup(child.pid, 'SIGTERM');
      killTimer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs);
    }
  };
  const timer = setTimeout(() => end(timedOut(call, timeoutMs)), timeoutMs);
  const onAbort = (): void => end(deps.signal?.reason ?? new Error('aborted'));
  deps.signal?.addEventListener('abort', onAbort, { once: true });

  const output = collect(call.maxOutputBytes ?? defaultMaxOutputBytes, () => end(tooMuch(call)));
  child.stdout.on('data', call.onStdout ?? output.take);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-keptErrorBytes);
  });
  // git may end before it has read all: its exit code tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.input);
  child.once('error', (error) => {
    ended ??= missingGit(error);
  });
  child.once('close', (code, signal) => {
    clearTimeout(timer);
    clearTimeout(killTimer);
    deps.signal?.removeEventListener('abort', onAbort);
    if (ended !== undefined) {
      reject(ended);
      return;
    }
    resolve({
      exitCode: code ?? 128,
      stdout: output.bytes(),
      stderr: redactUrls(signal === null ? stderr : `${stderr}\ngit was ended by ${signal}`).trim(),
    });
  });
  return promise;
}

function collect(maxBytes: number, onTooMuch: () => void) {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    take: (chunk: Buffer): void => {
      length += chunk.byteLength;
      if (length > maxBytes) {
        onTooMuch();
        return;
      }
      chunks.push(chunk);
    },
    bytes: (): Buffer => Buffer.concat(chunks),
  };
}

function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

function verbOf(call: GitCall): string {
  return `git ${call.args[0] ?? ''}`;
}

function timedOut(call: GitCall, timeoutMs: number): LonghaulError {
  return new LonghaulError(
    'repository.unavailable',
    `${verbOf(call)} did not end within ${Math.round(timeoutMs / 1000)} s and was stopped. Check that the repository's disk or server answers.`,
  );
}

function tooMuch(call: GitCall): LonghaulError {
  return new LonghaulError(
    'repository.unreadable',
    `${verbOf(call)} gave more than ${call.maxOutputBytes ?? defaultMaxOutputBytes} bytes and was stopped: the repository is larger than Longhaul can read.`,
  );
}

function missingGit(cause: Error): LonghaulError {
  return new LonghaulError(
    'git.missing',
    `can't start git: ${cause.message}. Install git 2.38 or newer and see that it is on the PATH.`,
    { cause },
  );
}

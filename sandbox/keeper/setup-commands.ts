import { LonghaulError } from '../../contracts/error.ts';
import { StepIdSchema } from '../../contracts/ids.ts';
import type { SandboxSetup, SetupProgress } from '../../contracts/sandbox.ts';
import type { StepCommand } from '../protocol.ts';
import type { SetupProxy } from '../proxy/setup-proxy.ts';
import type { StepRecords } from './step-records.ts';
import type { RunningStep, Steps } from './steps.ts';

const progressMs = 1_000;
const maxOutputBytes = 64 * 1024 * 1024;
const lastLinesBytes = 2_000;

/** Where a setup's proxy listens, on the sandbox's own loopback. */
export const proxyPort = 3128;
const url = `http://127.0.0.1:${proxyPort}`;
const local = 'localhost,127.0.0.1,::1';

/** What tells the usual tools of a setup to go by its proxy. */
export const proxyEnvironment = {
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  http_proxy: url,
  https_proxy: url,
  npm_config_proxy: url,
  npm_config_https_proxy: url,
  CARGO_HTTP_PROXY: url,
  NODE_USE_ENV_PROXY: '1',
  NO_PROXY: local,
  no_proxy: local,
} as const;

/** A step of a setup. */
export const setupStep = (
  name: string,
  argv: readonly [string, ...string[]],
  timeoutMs: number,
): StepCommand => ({
  stepId: StepIdSchema.parse(`setup.${name}`),
  argv,
  cwd: '.',
  env: {},
  timeoutMs,
  maxOutputBytes,
});

export interface CommandsDeps {
  readonly setup: Pick<SandboxSetup, 'commands' | 'timeoutMs'>;
  readonly steps: Steps;
  readonly records: StepRecords;
  readonly proxy: Pick<SetupProxy, 'decisions'> | null;
  /** For the commands, beside what the sandbox has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progress: (value: SetupProgress) => void;
}

/** Runs the commands of a setup one after the other. Throws `sandbox.setup_failed` for the first that fails, or when the time is up. */
export async function runSetupCommands(deps: CommandsDeps): Promise<void> {
  const end = Date.now() + deps.setup.timeoutMs;
  for (const [index, command] of deps.setup.commands.entries()) {
    await runCommand(deps, command, index, end - Date.now());
  }
}

async function runCommand(
  deps: CommandsDeps,
  command: string,
  index: number,
  timeoutMs: number,
): Promise<void> {
  const wanted = setupStep(String(index), ['sh', '-c', command], Math.max(1, timeoutMs));
  const step = await deps.steps.start({ ...wanted, env: deps.environment }, null);
  const stopShowing = showTail(deps, step, command);
  const result = await step.done.finally(stopShowing);
  if (result?.status === 'ok') return;
  const lastLines = deps.records.readOutput(step.stepId).subarray(-lastLinesBytes).toString('utf8').trim();
  const how = result === null ? 'was lost with its sandbox' : endingOf(result);
  const refused = refusedHosts(deps.proxy);
  throw new LonghaulError(
    'sandbox.setup_failed',
    [
      `Setup command ${index + 1} of ${deps.setup.commands.length} (${command}) ${how}.`,
      refused === ''
        ? ''
        : ` The setup's proxy refused ${refused}: add the hosts to the policy if they are meant.`,
      lastLines === '' ? ' It printed nothing.' : ` Its last lines:\n${lastLines}`,
    ].join(''),
    {
      details: {
        command,
        exitCode: result?.exitCode ?? null,
        status: result?.status ?? 'lost',
        lastLines,
        refused,
      },
    },
  );
}

function endingOf(result: NonNullable<Awaited<RunningStep['done']>>): string {
  if (result.status === 'timed_out') return 'was ended: the time for setup was up';
  if (result.memoryLimit) return 'needed more memory than the sandbox has';
  return `failed with exit code ${result.exitCode}`;
}

function refusedHosts(proxy: CommandsDeps['proxy']): string {
  const refused = (proxy?.decisions() ?? []).filter(({ decision }) => decision === 'denied');
  return [...new Set(refused.map(({ host, port, reason }) => `${host}:${port} (${reason})`))]
    .slice(0, 10)
    .join(', ');
}

function showTail(deps: CommandsDeps, step: RunningStep, command: string): () => void {
  deps.progress({ phase: 'setup', tail: `$ ${command}` });
  let shown = '';
  const timer = setInterval(() => {
    const refused = refusedHosts(deps.proxy);
    const tail = `$ ${command}\n${step.tail()}${refused === '' ? '' : `\nrefused by the proxy: ${refused}`}`;
    if (tail !== shown) deps.progress({ phase: 'setup', tail });
    shown = tail;
  }, progressMs);
  return () => clearInterval(timer);
}

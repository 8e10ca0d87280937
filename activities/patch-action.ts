import { posix } from 'node:path';
import type { StepId } from '../contracts/ids.ts';
import type { Step, StepResult } from '../contracts/sandbox.ts';
import { applyPatch, type PatchWrite } from './patch/apply.ts';
import { pathsOf } from './patch/hunk.ts';
import { parsePatch } from './patch/parse.ts';
import type { Ports } from './ports.ts';

type Exec = (step: Step) => Promise<StepResult>;

const stepTimeoutMs = 60_000;

// Both scripts run as the agent, in its sandbox: a link that it planted leads nowhere that it could not write by itself.
const readScript = `exec 2>/dev/null
for p in "$@"; do
  if [ -f "$p" ]; then s=$(wc -c < "$p"); printf 'F %d\\n' "$s"; cat -- "$p"
  elif [ -e "$p" ] || [ -L "$p" ]; then printf 'X\\n'
  else printf 'M\\n'; fi
done`;

const stageScript = `set -e
[ -d "$1" ] && { echo "$1 is a directory" >&2; exit 1; }
mkdir -p -- "$(dirname -- "$1")"
cat > "$2"
if [ -x "$3" ]; then chmod +x -- "$2"; fi`;

const commitScript = `set -e
while [ $# -gt 0 ]; do
  if [ "$1" = mv ]; then mv -f -- "$2" "$3"; else rm -f -- "$3"; fi
  shift 3
done`;

/**
 * Applies a patch in the sandbox: reads the files there, changes them outside, writes the new ones beside the old, and moves all of them
 * into place in one last step. A patch that does not fit changes nothing and says which lines did not match.
 */
export async function patchSteps(
  actionId: string,
  patch: string,
  limits: Ports['limits'],
  exec: Exec,
): Promise<StepResult> {
  const parsed = parsePatch(patch);
  if (!parsed.ok) return textResult('failed', parsed.reason);
  const paths = pathsOf(parsed.hunks);
  const read = await exec(
    step(
      `${actionId}.read`,
      ['sh', '-c', readScript, 'sh', ...paths.map(local)],
      null,
      limits.maxOutputBytes,
    ),
  );
  if (read.status !== 'ok') return read;
  const files = parseFrames(paths, read.output);
  if (typeof files === 'string') return textResult('failed', files);
  const applied = applyPatch(parsed.hunks, files);
  if (!applied.ok) return textResult('failed', applied.reason);
  const written = await write(actionId, applied.writes, limits, exec);
  return written.status === 'ok'
    ? { ...textResult('ok', applied.summary), durationMs: read.durationMs + written.durationMs }
    : written;
}

async function write(
  actionId: string,
  writes: readonly PatchWrite[],
  limits: Ports['limits'],
  exec: Exec,
): Promise<StepResult> {
  const commit: string[] = [];
  for (const [index, { path, bytes, movedFrom }] of writes.entries()) {
    const target = local(path);
    if (bytes === null) {
      commit.push('rm', '', target);
      continue;
    }
    const staged = posix.join(posix.dirname(target), `.longhaul-${actionId}-${index}`);
    const modeOf = local(movedFrom ?? path);
    const argv = ['sh', '-c', stageScript, 'sh', target, `./${staged}`, modeOf] as const;
    const result = await exec(step(`${actionId}.stage-${index}`, argv, bytes, limits.maxOutputBytes));
    if (result.status !== 'ok') return result;
    commit.push('mv', `./${staged}`, target);
  }
  return exec(
    step(`${actionId}.write`, ['sh', '-c', commitScript, 'sh', ...commit], null, limits.maxOutputBytes),
  );
}

function local(path: string): string {
  return `./${path}`;
}

function step(stepId: string, argv: Step['argv'], stdin: Uint8Array | null, maxOutputBytes: number): Step {
  return {
    stepId: stepId as StepId,
    argv,
    cwd: '.',
    env: {},
    stdin,
    timeoutMs: stepTimeoutMs,
    maxOutputBytes,
  };
}

/** The files as the read step framed them, or what is wrong. */
function parseFrames(
  paths: readonly string[],
  output: Uint8Array,
): ReadonlyMap<string, Uint8Array | null> | string {
  const files = new Map<string, Uint8Array | null>();
  let at = 0;
  for (const path of paths) {
    const end = output.indexOf(0x0a, at);
    const head = new TextDecoder().decode(output.subarray(at, end));
    if (end === -1) return `${path} could not be read`;
    at = end + 1;
    if (head === 'X') return `${path} is not a regular file`;
    if (head === 'M') files.set(path, null);
    else {
      const size = Number(/^F ([0-9]+)$/.exec(head)?.[1] ?? Number.NaN);
      if (!(at + size <= output.byteLength)) return `${path} could not be read`;
      files.set(path, output.slice(at, at + size));
      at += size;
    }
  }
  return files;
}

function textResult(status: 'ok' | 'failed', text: string): StepResult {
  return {
    status,
    exitCode: status === 'ok' ? 0 : 1,
    signal: null,
    output: new TextEncoder().encode(text),
    outputLimit: false,
    memoryLimit: false,
    durationMs: 0,
    adopted: false,
  };
}

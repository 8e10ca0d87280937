import type { StepId } from '../contracts/ids.ts';
import type { Step, StepResult } from '../contracts/sandbox.ts';
import { applyPatch, type PatchWrite } from './patch/apply.ts';
import { pathsOf } from './patch/hunk.ts';
import { parsePatch } from './patch/parse.ts';
import type { Ports } from './ports.ts';

type Exec = (step: Step) => Promise<StepResult>;

// The scripts run as the agent, in its sandbox: a link that it planted leads nowhere that it could not write by itself.
const readScript = `exec 2>/dev/null
for p in "$@"; do
  if [ -f "$p" ] && [ -r "$p" ]; then s=$(wc -c < "$p"); printf 'F %d\\n' "$s"; cat -- "$p"
  elif [ -e "$p" ] || [ -L "$p" ]; then printf 'X\\n'
  else printf 'M\\n'; fi
done`;

// All files come as one stream, since a step a file costs more than the file. `dd` takes its part exactly, as it reads from a file and not a pipe.
const stageScript = `set -e
d=$1; shift
trap 'c=$?; [ $c -eq 0 ] || rm -rf -- "$d"; exit $c' EXIT
mkdir -p -- "$d"
cat > "$d/all"
exec 3< "$d/all"
n=0
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then echo "$1 is a directory" >&2; exit 1; fi
  if [ "$4" = now ] && [ ! -d "\${1%/*}" ]; then mkdir -p -- "\${1%/*}"; fi
  if [ "$2" = 0 ]; then : > "$d/$n"; else dd bs="$2" count=1 <&3 > "$d/$n" 2> /dev/null; fi
  if [ -x "$3" ]; then chmod +x -- "$d/$n"; fi
  n=$((n + 1)); shift 4
done`;

const commitScript = `set -e
d=$1; shift
trap 'rm -rf -- "$d"' EXIT
while [ $# -gt 0 ]; do
  if [ "$1" = mv ]; then [ -d "\${3%/*}" ] || mkdir -p -- "\${3%/*}"; mv -f -- "$2" "$3"; else rm -f -- "$3"; fi
  shift 3
done`;

/**
 * Applies a patch in the sandbox: reads the files there, changes them outside, writes the new ones into a folder of
 * their own, and moves all of them into place in one last step. A patch that does not fit changes nothing and says which lines did not match.
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
    step(`${actionId}.read`, ['sh', '-c', readScript, 'sh', ...paths.map(local)], null, limits),
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
  const folder = `./.longhaul-${actionId}`;
  const kept = writes.flatMap(({ path, bytes, movedFrom }) =>
    bytes === null ? [] : [{ path, bytes, movedFrom }],
  );
  const removed = writes.filter(({ bytes }) => bytes === null).map(({ path }) => path);
  const run = (name: string, script: string, args: readonly string[], stdin: Uint8Array | null) =>
    exec(step(`${actionId}.${name}`, ['sh', '-c', script, 'sh', folder, ...args], stdin, limits));
  if (kept.length > 0) {
    const all = Buffer.concat(kept.map(({ bytes }) => bytes));
    const staged = await run('stage', stageScript, stageArguments(kept, removed), all);
    if (staged.status !== 'ok') return staged;
  }
  const moves = kept.flatMap(({ path }, index) => ['mv', `${folder}/${index}`, local(path)]);
  return run('write', commitScript, [...removed.flatMap((path) => ['rm', '', local(path)]), ...moves], null);
}

/** For each file: where it goes, how many bytes of the stream it takes, the file whose mode it keeps, and whether its folder can be made before others go. */
function stageArguments(
  files: readonly { readonly path: string; readonly bytes: Uint8Array; readonly movedFrom: string | null }[],
  removed: readonly string[],
): readonly string[] {
  return files.flatMap(({ path, bytes, movedFrom }) => {
    const inRemoved = removed.some((file) => path.startsWith(`${file}/`));
    return [local(path), `${bytes.byteLength}`, local(movedFrom ?? path), inRemoved ? 'later' : 'now'];
  });
}

function local(path: string): string {
  return `./${path}`;
}

function step(stepId: string, argv: Step['argv'], stdin: Uint8Array | null, limits: Ports['limits']): Step {
  return {
    stepId: stepId as StepId,
    argv,
    cwd: '.',
    env: {},
    stdin,
    timeoutMs: limits.actionTimeoutMs,
    maxOutputBytes: limits.maxOutputBytes,
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
    if (head === 'X') return `${path} is no regular file that can be read`;
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

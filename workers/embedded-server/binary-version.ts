import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The release of the Temporal CLI that Longhaul downloads or builds; `tools/temporal/go.mod` pins the same. */
export const temporalCliVersion = '1.8.2';

/** The oldest server that has everything tasks use: a new version at continue-as-new came last. */
export const minimumServerVersion = '1.31.0';

export interface BinaryVersion {
  readonly cli: string;
  readonly server: string;
}

/** Whether version `a` is `b` or newer; both are dotted numbers, what follows a hyphen is left out. */
export function isAtLeast(a: string, b: string): boolean {
  const numbers = (version: string) => (version.split('-')[0] ?? '').split('.').map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Reads what `temporal --version` printed; undefined when it is not a Temporal CLI with a server inside. */
export function parseBinaryVersion(text: string): BinaryVersion | undefined {
  const match = /temporal version (\S+) \(Server ([\d.]+[^\s,)]*)/.exec(text);
  return match?.[1] && match[2] ? { cli: match[1], server: match[2] } : undefined;
}

/** The version of a Temporal CLI that runs and is new enough, or the reason why it cannot be used. Never throws. */
export async function checkBinary(path: string): Promise<BinaryVersion | { readonly unusable: string }> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 15_000 });
    const version = parseBinaryVersion(stdout);
    if (version === undefined)
      return { unusable: `${path} --version answered "${stdout.trim().slice(0, 200)}"` };
    if (isAtLeast(version.server, minimumServerVersion)) return version;
    return { unusable: `${path} has server ${version.server}, and ${minimumServerVersion} is needed` };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { unusable: `${path} does not run: ${reason}` };
  }
}

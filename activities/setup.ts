import type { Digest } from '../contracts/ids.ts';
import type { SandboxSetup } from '../contracts/sandbox.ts';
import { loadContext } from './load.ts';
import type { Ports } from './ports.ts';

/** The setup that a sandbox of this task needs, as perceive laid it down; null without setup commands. */
export async function loadSetup(
  ports: Pick<Ports, 'artifacts' | 'limits'>,
  { contextDigest }: { readonly contextDigest: Digest },
): Promise<SandboxSetup | null> {
  const { setup } = await loadContext(ports.artifacts, contextDigest);
  if (setup === null) return null;
  return {
    commands: setup.commands,
    hosts: setup.hosts,
    digest: setup.digest,
    timeoutMs: ports.limits.setupTimeoutMs,
  };
}

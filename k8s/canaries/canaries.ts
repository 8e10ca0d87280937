import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LonghaulError } from '../../contracts/error.ts';
import { digestOf } from '../../sandbox/machine.ts';
import type { CanaryFinding, CanaryName } from './findings.ts';
import { type LookDeps, lookAtWalls } from './look.ts';

const rememberedMs = 10 * 60_000;

export interface CanarySettings {
  /** Walls that this company does without: looked at, and not required. */
  readonly acceptedRisks: readonly CanaryName[];
}

export interface Canaries {
  /** Looks now. Throws what keeps it from looking. */
  look(signal: AbortSignal): Promise<readonly CanaryFinding[]>;
  /** Throws `sandbox.not_isolated` where a wall does not hold. That all held is remembered for ten minutes, for these settings and this cluster. */
  require(signal: AbortSignal): Promise<void>;
}

export interface CanaryDeps extends LookDeps, CanarySettings {
  /** Trusted. */
  readonly stateDir: string;
}

/** What shows, before any command runs, that the walls of sandboxes hold in this cluster. Failures are not remembered. */
export function createCanaries(deps: CanaryDeps): Canaries {
  const { cluster, settings, outside, acceptedRisks, stateDir } = deps;
  const server = cluster.getCurrentCluster()?.server ?? null;
  const digest = digestOf({ settings, outside, acceptedRisks: [...acceptedRisks], server });
  const file = path.join(stateDir, 'canaries', digest.replace('sha256:', ''));
  let running: Promise<void> | null = null;

  const lookAndRemember = async (signal: AbortSignal): Promise<void> => {
    const findings = await lookAtWalls(deps, signal);
    const broken = findings.filter(({ name, holds }) => !holds && !acceptedRisks.includes(name));
    if (broken.length > 0) throw notIsolated(settings.namespace, broken);
    remember(file);
  };
  const require = async (signal: AbortSignal): Promise<void> => {
    if (isRemembered(file)) return;
    // Many leases at once look once.
    const others = running;
    const look = others ?? lookAndRemember(signal);
    running = look;
    try {
      await look;
    } catch (error) {
      signal.throwIfAborted();
      // Whoever looked gave up: then the next one looks.
      if (others === null || error instanceof LonghaulError) throw error;
      await require(signal);
    } finally {
      if (running === look) running = null;
    }
  };
  return { look: (signal) => lookAtWalls(deps, signal), require };
}

function isRemembered(file: string): boolean {
  try {
    const age = Date.now() - Number(readFileSync(file, 'utf8'));
    return age >= 0 && age < rememberedMs;
  } catch {
    return false;
  }
}

function remember(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.${process.pid}`, String(Date.now()), { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}

function notIsolated(namespace: string, broken: readonly CanaryFinding[]): LonghaulError {
  const lines = broken.map(({ name, found, remedy }) => `${name}: ${found}. ${remedy}`);
  return new LonghaulError(
    'sandbox.not_isolated',
    [`Sandboxes in namespace ${namespace} are not safe for untrusted commands:`, ...lines].join('\n  '),
    { details: { broken: broken.map(({ name }) => name).join(' ') } },
  );
}

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** Settings of the whole machine that the kubelet overwrites when it starts. */
const names = [
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxbytes',
  'kernel/keys/root_maxkeys',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
];

// Of the machine, not of one cluster: what a second cluster finds is what the first one's kubelet has set.
const savedFile = '/run/longhaul-cluster/settings.json';
const SavedSchema = z.record(z.string(), z.string());

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const file = (name: string) => join('/proc/sys', name);

export function currentSettings(): Record<string, string> {
  const there = names.filter((name) => existsSync(file(name)));
  return Object.fromEntries(there.map((name) => [name, readFileSync(file(name), 'utf8').trim()]));
}

function saved(): Record<string, string> | undefined {
  if (!existsSync(savedFile)) return undefined;
  const { boot, ...settings } = SavedSchema.parse(JSON.parse(readFileSync(savedFile, 'utf8')));
  // A restart has set them all back itself.
  return boot === bootId() ? settings : undefined;
}

/** Remembers the settings of before the first kubelet. */
export function saveSettings(): void {
  if (saved() !== undefined) return;
  mkdirSync(dirname(savedFile), { recursive: true, mode: 0o700 });
  writeFileSync(savedFile, `${JSON.stringify({ boot: bootId(), ...currentSettings() })}\n`, { mode: 0o600 });
}

/** Sets back what was remembered; the last cluster of the machine does so when it goes down. */
export function restoreSettings(): void {
  for (const [name, value] of Object.entries(saved() ?? {})) {
    if (readFileSync(file(name), 'utf8').trim() !== value) writeFileSync(file(name), value);
  }
  rmSync(dirname(savedFile), { recursive: true, force: true });
}

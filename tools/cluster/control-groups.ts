import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterProblem } from './problem.ts';
import { waitFor } from './wait.ts';

const mountPoint = '/sys/fs/cgroup';

/** Where control groups can be made: one place with version 2, one for each controller with version 1. */
function hierarchies(): readonly string[] {
  if (existsSync(join(mountPoint, 'cgroup.controllers'))) return [mountPoint];
  // Links give several names to controllers that are mounted together.
  return readdirSync(mountPoint, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(mountPoint, entry.name, 'cgroup.procs')))
    .map((entry) => join(mountPoint, entry.name));
}

/** Makes the group that all pods of a cluster are below, so that another kubelet's pods are never touched. */
export function makeControlGroup(name: string): void {
  for (const hierarchy of hierarchies()) {
    try {
      enableControllers(hierarchy);
      mkdirSync(join(hierarchy, name), { recursive: true });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ClusterProblem(`Control groups cannot be made in ${hierarchy}: ${reason}`, { cause: error });
    }
  }
}

/** With version 2 a group has only the controllers that its parent hands down. */
function enableControllers(hierarchy: string): void {
  const offered = join(hierarchy, 'cgroup.controllers');
  const control = join(hierarchy, 'cgroup.subtree_control');
  if (!existsSync(offered) || !existsSync(control)) return;
  const words = (file: string) => readFileSync(file, 'utf8').trim().split(/\s+/).filter(Boolean);
  const enabled = new Set(words(control));
  const missing = words(offered).filter((controller) => !enabled.has(controller));
  if (missing.length > 0) writeFileSync(control, missing.map((controller) => `+${controller}`).join(' '));
}

/** Removes a cluster's group with all below it; its processes have ended, and the kernel may take a moment to see it. */
export async function removeControlGroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const group = join(hierarchy, name);
    await waitFor(`the end of the control group ${group}`, 15_000, () => removeTree(group));
  }
}

function removeTree(group: string): boolean {
  if (!existsSync(group)) return true;
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const emptied = below.map((entry) => removeTree(join(group, entry.name))).every(Boolean);
  if (!emptied) return false;
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EBUSY' || error.code === 'ENOENT')) {
      return error.code === 'ENOENT';
    }
    throw error;
  }
}

/** The groups of a cluster that are there. */
export function controlGroups(name: string): string[] {
  return hierarchies()
    .map((hierarchy) => join(hierarchy, name))
    .filter((group) => existsSync(group));
}

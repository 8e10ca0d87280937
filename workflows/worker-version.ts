/** The version of Longhaul whose code decides right now; part of every record. */
export function workerVersion(): string {
  return '0.1.0';
}

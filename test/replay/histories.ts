import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const historiesDirectory = fileURLToPath(new URL('histories', import.meta.url));

/** An event in the JSON form of Temporal's API. */
export interface RecordedEvent {
  readonly eventId: string;
  readonly [attributes: string]: unknown;
}

export interface RecordedHistory {
  /** `<version>/<scenario>.<run>`. */
  readonly name: string;
  readonly workflowId: string;
  readonly events: readonly RecordedEvent[];
}

/** All recorded histories, by version. Throws where a version has none: a replay of nothing shows nothing. */
export function recordedHistories(directory = historiesDirectory): readonly RecordedHistory[] {
  const versions = readdirSync(directory).sort();
  if (versions.length === 0) throw new Error(`no version under ${directory}`);
  return versions.flatMap((version) => {
    const files = readdirSync(join(directory, version)).filter((file) => file.endsWith('.json'));
    if (files.length === 0) throw new Error(`no history under ${join(directory, version)}`);
    return files.sort().map((file) => readHistory(directory, `${version}/${file}`));
  });
}

function readHistory(directory: string, file: string): RecordedHistory {
  const { events } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as {
    readonly events: readonly RecordedEvent[];
  };
  const started = events[0]?.['workflowExecutionStartedEventAttributes'] as { readonly workflowId: string };
  return { name: file.replace(/\.json$/, ''), workflowId: started.workflowId, events };
}

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { temporal } from '@temporalio/proto';
import { history, type PlacedHistoryEvent } from '../../client/history.ts';
import type { HistoryEvent } from '../../client/projection/event-body.ts';
import { firstValue } from '../../client/projection/payloads.ts';
import type { PlanOutput, TranscriptRef } from '../../contracts/activities.ts';
import type { ApprovalCard } from '../../contracts/approval.ts';
import type { Digest, TaskId } from '../../contracts/ids.ts';
import type { TranscriptItem } from '../../contracts/model-client.ts';
import type { IterationRecord } from '../../contracts/record.ts';
import type { TaskSpec } from '../../contracts/task.ts';
import type { TaskEvent } from '../../contracts/task-event.ts';
import type { CodingTaskInput } from '../../contracts/task-state.ts';
import { taskGitDir } from '../../forge/layout.ts';
import { runningServer } from '../../workers/connection.ts';
import { artifactStore } from '../../workers/local-ports.ts';
import { secrets, type World } from './e2e-world.ts';
import { git } from './git-fixture.ts';

/** One link of a ledger: the bytes as stored, under the name that the link after it gives. */
export interface LedgerEntry {
  readonly digest: Digest;
  readonly record: IterationRecord;
}

export interface TranscriptLink {
  readonly digest: Digest;
  readonly previous: Digest | null;
  readonly items: readonly TranscriptItem[];
}

/** Everything that an ended task has left, as the invariants read it. */
export interface Evidence {
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
  readonly events: readonly TaskEvent[];
  /** Oldest first. */
  readonly ledger: readonly LedgerEntry[];
  /** The cards that people were shown, by digest. */
  readonly cards: ReadonlyMap<string, ApprovalCard>;
  /** The transcript after each planned iteration, each as its chain from the oldest segment on. */
  readonly transcripts: readonly {
    readonly iteration: number;
    readonly ref: TranscriptRef;
    readonly chain: readonly TranscriptLink[];
    /** What a compaction in this iteration dropped, whole; null without one. */
    readonly dropped: readonly TranscriptLink[] | null;
  }[];
  /** Texts that must hold no secret, by where they come from. */
  readonly texts: ReadonlyMap<string, Buffer>;
  readonly secrets: readonly string[];
  /** What the task's own repository holds, commit by ref. */
  readonly refs: ReadonlyMap<string, string>;
  /** Processes, directories and groups of the task that are still there. */
  readonly leftovers: readonly string[];
  /** Each event of the whole history, over all runs: its place as in `TaskEvent`, its size. */
  readonly history: readonly { readonly seq: string; readonly bytes: number }[];
}

/** Reads what a task has left in a world, without any help of its worker. */
export async function collectEvidence(world: World, taskId: TaskId): Promise<Evidence> {
  const placed = await rawHistory(world, taskId);
  const raw = placed.map(({ event }) => event);
  const events: TaskEvent[] = [];
  const options = { follow: false, live: false, signal: new AbortController().signal };
  for await (const event of world.client.watch(taskId, options)) events.push(event);
  const store = artifactStore(world.home);
  const json = async (digest: Digest) => JSON.parse(new TextDecoder().decode(await store.get(digest)));
  const ledger: LedgerEntry[] = [];
  const head = events.findLast((event) => event.type === 'iteration.recorded');
  for (let digest = head?.digest ?? null; digest !== null; digest = ledger[0]?.record.previous ?? null) {
    ledger.unshift({ digest, record: await json(digest) });
  }
  const cards = new Map<string, ApprovalCard>();
  for (const event of events) {
    if (event.type === 'approval.opened') cards.set(event.approval.digest, await json(event.approval.digest));
  }
  const links = new Map<Digest, TranscriptLink>();
  const chainOf = async (newest: Digest): Promise<readonly TranscriptLink[]> => {
    const chain: TranscriptLink[] = [];
    for (let digest: Digest | null = newest; digest !== null; digest = chain[0]?.previous ?? null) {
      const link: TranscriptLink = links.get(digest) ?? { digest, ...(await json(digest)) };
      links.set(digest, link);
      chain.unshift(link);
    }
    return chain;
  };
  const transcripts: Evidence['transcripts'][number][] = [];
  for (const { iteration, transcript, record } of plansOf(raw)) {
    const dropped = record.droppedDigest === null ? null : await chainOf(record.droppedDigest);
    transcripts.push({ iteration, ref: transcript, chain: await chainOf(transcript.digest), dropped });
  }
  const encoded = JSON.stringify(historyToJSON({ events: [...raw] }));
  return {
    taskId,
    spec: specOf(raw),
    events,
    ledger,
    cards,
    transcripts,
    texts: new Map([['history', Buffer.from(encoded)], ...textsOf(world), ...commandLines()]),
    secrets,
    refs: refsOf(taskGitDir(world.home, taskId)),
    leftovers: leftoversOf(world.home, taskId),
    history: placed.map(({ runIndex, event }) => ({
      seq: `${runIndex}.${event.eventId}`,
      bytes: sizeOf(event),
    })),
  };
}

function sizeOf(event: HistoryEvent): number {
  return temporal.api.history.v1.HistoryEvent.encode(event).finish().byteLength;
}

async function rawHistory(world: World, taskId: TaskId): Promise<readonly PlacedHistoryEvent[]> {
  const server = await runningServer(world.env);
  if (server === undefined) throw new Error('the server of this world does not run');
  const connection = await Connection.connect(server.connectionOptions);
  try {
    const client = new Client({ connection, namespace: server.namespace });
    const events: PlacedHistoryEvent[] = [];
    const options = { follow: false, signal: new AbortController().signal };
    for await (const event of history(client, taskId, options)) events.push(event);
    return events;
  } finally {
    await connection.close();
  }
}

function plansOf(raw: readonly HistoryEvent[]): readonly Extract<PlanOutput, { status: 'planned' }>[] {
  return raw.flatMap((event) => {
    const value = firstValue(event.activityTaskCompletedEventAttributes?.result) as PlanOutput | undefined;
    return value?.status === 'planned' ? [value] : [];
  });
}

function specOf(raw: readonly HistoryEvent[]): TaskSpec {
  const input = firstValue(raw[0]?.workflowExecutionStartedEventAttributes?.input) as CodingTaskInput;
  if (input.type !== 'start') throw new Error('the first run of the task has no specification');
  return input.spec;
}

/** Every file of the state directory, and the objects of its git repositories, which lie there compressed. */
function textsOf(world: World): readonly (readonly [string, Buffer])[] {
  const files = filesBelow(world.home);
  const repositories = files
    .filter((file) => file.endsWith('.git/HEAD'))
    .map((file) => file.slice(0, -'/HEAD'.length));
  return [
    ...files.map((file) => [file, readOrEmpty(file)] as const),
    ...repositories.map((gitDir) => [`${gitDir} (objects)`, gitObjects(gitDir)] as const),
  ];
}

/** Other tasks may be at work: what goes away meanwhile is left out. Links are not followed. */
function filesBelow(directory: string): readonly string[] {
  const entries = orEmpty(() => readdirSync(directory, { withFileTypes: true }));
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function orEmpty<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

function gitObjects(gitDir: string): Buffer {
  const args = ['--git-dir', gitDir, 'cat-file', '--batch', '--batch-all-objects', '--unordered'];
  return execFileSync('git', args, { maxBuffer: 2 * 1024 ** 3 });
}

function refsOf(gitDir: string): ReadonlyMap<string, string> {
  const listed = git(gitDir, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/longhaul');
  return new Map(
    listed.split('\n').map((line) => {
      const [ref = '', commit = ''] = line.split(' ');
      return [ref, commit];
    }),
  );
}

/** The arguments of every process of this machine, which every user may read. */
export function commandLines(): readonly (readonly [string, Buffer])[] {
  return processes().map((pid) => [`arguments of process ${pid}`, readOrEmpty(`/proc/${pid}/cmdline`)]);
}

function processes(): readonly string[] {
  return existsSync('/proc/self/cmdline')
    ? readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    : [];
}

function readOrEmpty(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

/** What a task still holds: a process with its lease in its arguments or mounted, a lease's directory, a control group. */
export function leftoversOf(home: string, taskId: TaskId): readonly string[] {
  const mark = join(home, 'leases', `${taskId}.`);
  const alive = processes().filter((pid) =>
    ['cmdline', 'mountinfo'].some((file) => readOrEmpty(`/proc/${pid}/${file}`).includes(mark)),
  );
  const names = existsSync(join(home, 'leases')) ? readdirSync(join(home, 'leases')) : [];
  const leases = names.filter((name) => name.startsWith(`${taskId}.`));
  const groups = existsSync('/sys/fs/cgroup')
    ? execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `longhaul-${taskId}.*`], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    : '';
  return [
    ...alive.map(
      (pid) => `process ${pid}: ${readOrEmpty(`/proc/${pid}/cmdline`).toString().replaceAll('\0', ' ')}`,
    ),
    ...leases.map((name) => `lease ${name}`),
    ...groups.split('\n').filter((line) => line !== ''),
  ];
}

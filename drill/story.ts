import type { Client } from '@temporalio/client';
import { history, type PlacedHistoryEvent } from '../client/history.ts';
import type { EventBody } from '../client/projection/event-body.ts';
import { firstValue } from '../client/projection/payloads.ts';
import { emptyProjection, project } from '../client/projection/project.ts';
import type { Digest } from '../contracts/ids.ts';
import type { TaskSpec } from '../contracts/task.ts';
import type { TaskEvent } from '../contracts/task-event.ts';
import type { CodingTaskInput } from '../contracts/task-state.ts';

/** Another budget, model or constraints, as a person asked for them. */
export type RecordedChange = Pick<
  Extract<TaskEvent, { type: 'task.changed' }>,
  'budget' | 'model' | 'constraints' | 'by'
>;

type Finished = Omit<Extract<TaskEvent, { type: 'task.finished' }>, 'taskId' | 'seq' | 'atMs' | 'type'>;

/** What of a task's past only its history says. */
export interface RecordedStory {
  /** Null where the first run is past the server's retention. */
  readonly spec: TaskSpec | null;
  readonly specDigest: Digest | null;
  readonly baseBranch: string | null;
  /** The newest record. */
  readonly head: Digest | null;
  readonly rollbacks: readonly { readonly after: number; readonly to: number }[];
  /** With the newest iteration that had been planned. */
  readonly changes: readonly { readonly after: number; readonly change: RecordedChange }[];
  /** Null while the task has not ended. */
  readonly outcome: Finished | null;
}

const empty: RecordedStory = {
  spec: null,
  specDigest: null,
  baseBranch: null,
  head: null,
  rollbacks: [],
  changes: [],
  outcome: null,
};

/** Reads a task's history to its end as it is now. */
export async function readStory(client: Client, taskId: string): Promise<RecordedStory> {
  const options = { follow: false, signal: new AbortController().signal };
  let story = empty;
  let projection = emptyProjection;
  let iteration = 0;
  for await (const placed of history(client, taskId, options)) {
    const started = startedWith(placed);
    if (started !== undefined) {
      story = { ...story, ...started };
      // A run that goes on from one before begins its projection anew.
      projection = emptyProjection;
    }
    const projected = project(projection, placed.event);
    projection = projected.state;
    for (const event of projected.events) {
      if (event.type === 'iteration.planned') iteration = event.iteration;
      story = storyAfter(story, event, iteration);
    }
  }
  return story;
}

function startedWith({ event }: PlacedHistoryEvent): Partial<RecordedStory> | undefined {
  const started = event.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  const input = firstValue(started.input) as CodingTaskInput | undefined;
  if (input?.type === 'start') return { spec: input.spec };
  if (input?.type !== 'continue') return {};
  const { specDigest, baseBranch, head } = input.state;
  return { specDigest, baseBranch, head };
}

function storyAfter(story: RecordedStory, event: EventBody, iteration: number): RecordedStory {
  if (event.type === 'repository.fetched') return { ...story, baseBranch: event.baseBranch };
  if (event.type === 'iteration.recorded') return { ...story, head: event.digest };
  if (event.type === 'task.rolled_back')
    return { ...story, rollbacks: [...story.rollbacks, { after: iteration, to: event.toIteration }] };
  if (event.type === 'task.changed')
    return { ...story, changes: [...story.changes, { after: iteration, change: event }] };
  return event.type === 'task.finished' ? { ...story, outcome: event } : story;
}

import { z } from 'zod';
import { createPlan } from '../../activities/plan.ts';
import type { Ports } from '../../activities/ports.ts';
import type { PlanInput, PlanOutput } from '../../contracts/activities.ts';
import { type TranscriptItem, TranscriptItemSchema } from '../../contracts/model-client.ts';
import type { ModelConfig } from '../../models/profile.ts';
import type { ScenarioInput } from '../../models/scripted/scenario.ts';
import type { ScriptedModel } from '../../models/scripted/server.ts';
import { type Planned, type RecordParts, storeRecord } from './iteration-record.ts';
import {
  inActivity,
  makeTaskFixture,
  serve,
  type TaskFixture,
  type TaskFixtureOptions,
} from './task-fixture.ts';

/** What came to the model server, as it came. */
export interface SentRequest {
  /** The bytes of `input` without its closing bracket: what a longer one has to begin with. */
  readonly inputText: string;
  readonly input: readonly TranscriptItem[];
  readonly tools: string;
  readonly effort: string | undefined;
}

export interface PlanPlay {
  readonly task: TaskFixture;
  readonly server: ScriptedModel;
  /** The next iteration's input after what was recorded so far. */
  input(more?: Partial<PlanInput>): PlanInput;
  /** Plans on a worker of its own: nothing is remembered from the iteration before. */
  plan(input: PlanInput, ports?: Ports): Promise<PlanOutput>;
  /** Plans, and records the iteration. */
  iterate(more?: Partial<PlanInput>, parts?: Partial<RecordParts>): Promise<Planned>;
  /** Records an iteration that was planned otherwise: the next input follows it. */
  record(planned: Planned, parts?: Partial<RecordParts>): Promise<void>;
  requests(): readonly SentRequest[];
}

const BodySchema = z.object({
  input: z.array(TranscriptItemSchema),
  tools: z.array(TranscriptItemSchema),
  reasoning: z.object({ effort: z.string() }).optional(),
});

/** A task's planning against a scripted model server, iteration after iteration. */
export async function makePlanPlay(
  scenario: ScenarioInput,
  options: TaskFixtureOptions & { readonly profiles?: ModelConfig['profiles'] } = {},
): Promise<PlanPlay> {
  const made = await makeTaskFixture(options);
  const { server, model } = await serve(scenario, options.profiles);
  const task = { ...made, ports: { ...made.ports, model } };
  let state: Pick<PlanInput, 'transcript' | 'previousRecord' | 'iteration' | 'steps'> = {
    transcript: null,
    previousRecord: null,
    iteration: 1,
    steps: [],
  };
  const input = (more: Partial<PlanInput> = {}): PlanInput => ({
    taskId: task.spec.taskId,
    specDigest: task.specDigest,
    contextDigest: task.contextDigest,
    model: task.spec.model,
    constraintsDigest: null,
    ...state,
    compaction: null,
    paid: nothingPaid,
    steers: [],
    notices: [],
    pace: { maxActions: 6, effort: 'low', checkDepth: 'all' },
    budget: task.spec.budget,
    usage: {
      iterations: 0,
      modelCalls: 0,
      inputTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      costUsd: 0,
      waitedForPeopleMs: 0,
    },
    standing: [],
    ...more,
  });
  const plan = (one: PlanInput, ports: Ports = task.ports) => inActivity(createPlan(ports), one);
  const record = async (planned: Planned, parts: Partial<RecordParts> = {}) => {
    const previous = state.previousRecord;
    const previousRecord = await storeRecord(task, { planned, previous, ...parts });
    const { iteration, transcript } = planned;
    state = { previousRecord, transcript, iteration: iteration + 1, steps: planned.steps ?? state.steps };
  };
  return {
    task,
    server,
    input,
    plan,
    record,
    async iterate(more = {}, parts = {}) {
      const first = await plan(input(more));
      const planned = first.status === 'compacted' ? await plan(afterCompaction(input(more), first)) : first;
      if (planned.status !== 'planned') throw new Error(`expected a plan, got ${planned.status}`);
      await record(planned, { steers: [...(more.steers ?? [])], ...parts });
      return planned;
    },
    requests: () => server.requests.map(({ body }) => sentRequest(new TextDecoder().decode(body))),
  };
}

export const nothingPaid: PlanInput['paid'] = {
  usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  costUsd: 0,
};

/** What the workflow asks for once a plan has compacted the transcript. */
export function afterCompaction(
  input: PlanInput,
  { transcript, compaction, paid }: Extract<PlanOutput, { status: 'compacted' }>,
): PlanInput {
  return { ...input, transcript, compaction, paid, steers: [], notices: [] };
}

function sentRequest(text: string): SentRequest {
  const { input, tools, reasoning } = BodySchema.parse(JSON.parse(text));
  const inputText = JSON.stringify(input);
  // As the bytes lie in the body, not only as they parse.
  if (!text.includes(inputText)) throw new Error('the input was not sent as plain JSON');
  return {
    inputText: inputText.slice(0, -1),
    input,
    tools: JSON.stringify(tools),
    effort: reasoning?.effort,
  };
}

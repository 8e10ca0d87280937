import fc from 'fast-check';
import type { Digest } from '../../../contracts/ids.ts';
import type { TaskOutcome } from '../../../contracts/task-state.ts';
import type { StateChange } from '../../../workflows/state-change.ts';

/** Plain objects, as JSON gives them; fast-check also makes ones without a prototype. */
const object = <T>(parts: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(parts, { noNullPrototype: true });
const text = fc.string({ maxLength: 30 });
const count = fc.nat(10_000);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => Math.abs(value));
const hex = (length: number) =>
  fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length });
const digest = hex(64).map((digits) => `sha256:${digits.join('')}` as Digest);
const gitObject = hex(40).map((digits) => digits.join(''));
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const list = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 3 });

const workspace = object({
  baseCommit: gitObject,
  commit: gitObject,
  tree: gitObject,
  manifestDigest: orNull(digest),
  leaseNumber: count,
});
const sandbox = object({
  backend: fc.constantFrom('local', 'kubernetes'),
  imageDigest: digest,
  specDigest: digest,
  setupDigest: orNull(digest),
  leaseId: text,
});
const checkResult = object({
  name: text,
  status: fc.constantFrom('passed', 'failed', 'skipped'),
  exitCode: orNull(count),
  outputDigest: orNull(digest),
  durationMs: count,
  cached: fc.boolean(),
});
const usage = object({
  iterations: count,
  modelCalls: count,
  inputTokens: count,
  cachedTokens: count,
  outputTokens: count,
  costUsd: orNull(share),
  waitedForPeopleMs: count,
});
const budget = object({ maxUsd: orNull(share), maxIterations: count });
const evaluation = object({
  checks: list(checkResult),
  progress: share,
  confidence: share,
  concerns: list(object({ kind: fc.constant('test_removed'), path: text, detail: text })),
  next: fc.constantFrom('continue', 'replan', 'ask'),
  reason: text,
  failureSignature: text,
});
const standingRule = object({ kind: fc.constant('shell'), prefix: list(text) });
const approvalId = fc.constantFrom('i1.a0', 'i1.a1', 'i2.deliver', 'i2.budget-1');
const approval = object({
  approvalId,
  subject: fc.constantFrom('action', 'delivery', 'question'),
  actionId: orNull(text),
  digest,
  title: text,
  openedAtMs: count,
  expiresAtMs: count,
  acceptsSignals: fc.boolean(),
  standingRule: orNull(standingRule),
});
const actor = object({ name: text, proof: fc.constantFrom('os_user', 'signal', 'timer') });
const answered = object({
  approvalId,
  subject: fc.constantFrom('action', 'delivery'),
  actionId: orNull(text),
  digest,
  outcome: fc.constantFrom('granted', 'rejected', 'edited', 'expired', 'withdrawn'),
  scope: fc.constantFrom('once', 'task'),
  editedDigest: orNull(digest),
  reason: text,
  by: actor,
  openedAtMs: count,
  decidedAtMs: count,
});
const outcome = object({
  taskId: text,
  status: fc.constantFrom<TaskOutcome['status']>('delivered', 'stopped', 'cancelled', 'failed'),
  branch: orNull(text),
  commit: orNull(gitObject),
  baseMovedBy: orNull(count),
  mergesCleanly: orNull(fc.boolean()),
  iterations: count,
  usage,
  reason: text,
});

/** What each type of change may hold; a new type does not compile before it is here. */
const holding: { readonly [T in StateChange['type']]: { readonly [key: string]: fc.Arbitrary<unknown> } } = {
  fetched: {
    fetched: object({
      specDigest: digest,
      workspace,
      baseBranch: orNull(text),
      notes: fc.constant([]),
    }),
  },
  perceived: {
    contextDigest: digest,
    workspace,
    sandbox,
    checks: list(object({ name: text, command: text, required: fc.boolean(), baseline: checkResult })),
    files: count,
  },
  iteration_started: {},
  planned: {
    transcript: object({ digest, items: count, tokens: count, dialect: text }),
    steps: orNull(list(object({ step: text, status: fc.constantFrom('pending', 'completed') }))),
    usage,
    model: text,
    steersRead: fc.nat(3),
    noticesRead: fc.nat(3),
  },
  paid: { usage },
  executed: { workspace, sandbox, sandboxLost: fc.boolean() },
  evaluated: { evaluation, workspace, stuckFor: count, actions: text },
  verification_failed: { notice: text },
  recorded: { digest, interventions: fc.nat(3), leftOut: fc.nat(3) },
  approval_opened: { approval },
  answered: { record: answered, standingRule: orNull(standingRule) },
  answer_refused: { approvalId: text, reason: text, atMs: count },
  waited_for_people: { ms: count },
  sandboxes_released: {},
  steered: { steer: object({ text, by: text }) },
  paused: {},
  held: {},
  resumed: {},
  rollback_requested: { toIteration: count },
  rolled_back: { workspace, notice: text },
  noticed: { notice: text },
  budget_raised: { budget },
  intervened: {
    intervention: object({
      kind: fc.constantFrom('steer', 'pause', 'cancel', 'change', 'decide'),
      by: actor,
      atMs: count,
      saw: orNull(object({ iteration: count, head: orNull(digest) })),
      about: text,
      refused: orNull(text),
    }),
  },
  changed: {
    budget,
    model: text,
    constraints: orNull(object({ add: list(text), replace: fc.boolean(), by: text })),
  },
  constraints_kept: { digest, notice: text, taken: fc.nat(3) },
  cancel_requested: {
    ending: object({ mode: fc.constantFrom('soft', 'now'), by: text, atMs: count }),
  },
  continued_as_new: {},
  finished: { outcome },
};

/** Any change of any type. The cast: branded ids are drawn as the text that they are. */
export const anyChange: fc.Arbitrary<StateChange> = fc.oneof(
  ...Object.entries(holding).map(([type, parts]) => object({ type: fc.constant(type), ...parts })),
) as fc.Arbitrary<StateChange>;

export const changeTypes = Object.keys(holding);

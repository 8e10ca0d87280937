import fc from 'fast-check';
import type { Answer, PendingApproval } from '../../../contracts/approval.ts';
import { messageName } from '../../../contracts/words/messages.ts';
import { shell } from '../../helpers/fake-facts.ts';
import { answerTo } from '../../helpers/task-play.ts';
import { answer, cancel, type Expected, goOn, said, settle, withdraw } from './expected.ts';
import { expectThere, type Real, release } from './real.ts';
import type { Go } from './reference.ts';

type Command = fc.AsyncCommand<Expected, Real>;

/** What a command does to both, where it makes sense; afterwards both must be at the same place with the same state. */
export function command(
  name: string,
  run: (x: Expected, real: Real) => Promise<unknown>,
  check: (x: Expected) => boolean = () => true,
): Command {
  let shown = name;
  return {
    check: (x) => x.wait !== null && check(x),
    async run(x, real) {
      shown = `${name} @${x.wait?.for}`;
      await run(x, real);
      settle(x);
      await expectThere(x, real);
    },
    toString: () => shown,
  };
}

const isAtStage = ({ wait }: Expected) => wait !== null && wait.for !== 'people' && wait.for !== 'resume';
const isAsking = ({ m }: Expected) => m.open.length > 0;
const person = (name: string): Answer['by'] => ({ name, proof: 'os_user' });

const go: fc.Arbitrary<Go> = fc.record({
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'none', 'passes', 'asks'),
  actions: fc.oneof(
    { weight: 3, arbitrary: fc.constant(['allowed' as const]) },
    {
      weight: 3,
      arbitrary: fc.array(fc.constantFrom('allowed', 'asked', 'denied', 'question'), { maxLength: 3 }),
    },
  ),
  compacts: fc.constantFrom(false, false, false, true),
  dear: fc.constantFrom(false, false, false, false, true),
  sandboxLost: fc.constantFrom(false, false, false, true),
  judgedAtOnce: fc.boolean(),
  next: fc.constantFrom(
    'continue',
    'continue',
    'continue',
    'continue',
    'deliver',
    'deliver',
    'replan',
    'rollback',
    'rollback',
    'ask',
    'stop',
  ),
  progress: fc.constantFrom(0, 0.5, 1),
  verified: fc.constantFrom(true, true, false),
});

export function letGoOn(result: Go): Command {
  return command(
    `go on ${JSON.stringify(result)}`,
    async (x, real) => {
      release(real, result);
      goOn(x, result);
    },
    isAtStage,
  );
}

async function pendingOf(x: Expected, real: Real, which: number): Promise<PendingApproval> {
  const { pending } = await real.task.state();
  const found = pending[which % x.m.open.length];
  if (!found) throw new Error('the model has a question that the task has not');
  return found;
}

async function answerFor(pending: PendingApproval, real: Real, drawn: Answer['outcome'], by: string) {
  const outcome = drawn === 'edited' && pending.subject !== 'action' ? 'granted' : drawn;
  const editedDigest =
    outcome === 'edited'
      ? await real.lane.stage.client.putAction(shell(`npm install left-pad@${pending.approvalId}.edited`))
      : null;
  return answerTo(pending, { outcome, editedDigest, reason: 'because', by: person(by) });
}

/** Past the client, whose repeated answers the server would not hand on. */
function decide({ task }: Real, said: Answer): Promise<unknown> {
  return task.handle.executeUpdate(messageName.decide, { args: [said] });
}

export function answered(outcome: Answer['outcome'], which: number, how: 'update' | 'signal'): Command {
  return command(
    `${how === 'signal' ? 'signal ' : ''}${outcome} ${which}`,
    async (x, real) => {
      const pending = await pendingOf(x, real, which);
      const given = await answerFor(pending, real, outcome, 'ann');
      if (how === 'update') await decide(real, given);
      else await real.task.handle.signal(messageName.decision, given);
      real.answers.set(given.approvalId, { ...given, by: person(how === 'update' ? 'ann' : 'a signal') });
      said(x, 'decide', 'ann');
      answer(x, given.approvalId, given.outcome, 'ann');
    },
    isAsking,
  );
}

const wrongDigest = (which: number, how: 'update' | 'signal') =>
  command(
    `${how} with the digest of something else`,
    async (x, real) => {
      const given = await answerFor(await pendingOf(x, real, which), real, 'granted', 'bob');
      const wrong = { ...given, digest: `sha256:${'0'.repeat(64)}` as Answer['digest'] };
      if (how === 'signal') await real.task.handle.signal(messageName.decision, wrong);
      else await refusedBy(decide(real, wrong));
      said(x, 'decide', 'bob', false);
    },
    isAsking,
  );

const again = (same: boolean) =>
  command(
    same ? 'the last answer again' : 'another answer to what is settled',
    async (x, real) => {
      const last = x.m.settled.at(-1);
      const before = last && real.answers.get(last.id);
      if (!last || !before) return;
      const repeats = same && last.outcome !== 'withdrawn' && before.by.name === 'ann';
      const given = repeats ? before : { ...before, by: person('bob') };
      const sent = decide(real, given);
      await (repeats ? sent : refusedBy(sent));
      said(x, 'decide', given.by.name, repeats);
    },
    ({ m }) => m.settled.length > 0,
  );

const atOnce = command(
  'two people answer at once',
  async (x, real) => {
    const pending = await pendingOf(x, real, 0);
    const both = [
      await answerFor(pending, real, 'granted', 'ann'),
      await answerFor(pending, real, 'rejected', 'bob'),
    ];
    const settled = await Promise.allSettled(both.map((one) => decide(real, one)));
    const won = both.filter((_, index) => settled[index]?.status === 'fulfilled');
    const [winner] = won;
    if (won.length !== 1 || !winner) throw new Error(`${won.length} of two answers at once counted`);
    real.answers.set(winner.approvalId, winner);
    said(x, 'decide', winner.by.name);
    said(x, 'decide', winner.by.name === 'ann' ? 'bob' : 'ann', false);
    answer(x, winner.approvalId, winner.outcome, winner.by.name);
  },
  ({ m }) => m.open[0]?.subject === 'action' || m.open[0]?.subject === 'question',
);

async function refusedBy(sent: Promise<unknown>): Promise<void> {
  const [one] = await Promise.allSettled([sent]);
  if (one?.status === 'fulfilled') throw new Error('an answer counted that must not');
}

let texts = 0;
async function steer(x: Expected, { task, lane }: Real, count: number, length = 0): Promise<void> {
  const sent = Array.from({ length: count }, () => `steer ${++texts} `.padEnd(length, 'x'));
  for (const text of sent) {
    x.m.steers = [...x.m.steers, text];
    said(x, 'steer', 'ann');
    await lane.stage.client.steer(task.taskId, text, 'ann');
  }
}

const steered = (count: number, length: number) =>
  command(
    `${count} steers of ${length}`,
    (x, real) => steer(x, real, count, length),
    ({ m }) => m.said.length < 300,
  );

/** Between the last stage of an iteration and the plan of the next: where a new run of the workflow begins, if one does. */
const steeredOnTheMove = (count: number) =>
  command(
    `${count} steers while the next iteration begins`,
    async (x, real) => {
      const result = calmly('continue');
      x.raced = true;
      x.late = count;
      release(real, result);
      await steer(x, real, count);
      goOn(x, result);
    },
    ({ m, wait }) =>
      wait?.for === 'evaluate' && !m.paused && m.ending === null && m.rollbackTo === null && hasBudget(m),
  );

const hasBudget = ({ usage, budget }: Expected['m']) => usage.iterations + 1 < budget.maxIterations;

export function calmly(next: Go['next']): Go {
  const nothing = { compacts: false, dear: false, sandboxLost: false, judgedAtOnce: false };
  return { fault: 'none', actions: [], ...nothing, next, progress: 1, verified: true };
}

const paused = command('pause', async (x, { task, lane }) => {
  await lane.stage.client.pause(task.taskId, 'ann');
  said(x, 'pause', 'ann');
  x.m.paused = true;
});

export const resumed = command('resume', async (x, { task, lane }) => {
  await lane.stage.client.resume(task.taskId, 'ann');
  said(x, 'resume', 'ann');
  x.m.paused = false;
  if (x.m.status === 'paused') x.m.status = 'running';
});

const rolledBack = (drawn: number) =>
  command(`roll back to ${drawn}`, async (x, { task, lane }) => {
    const { m } = x;
    const to = drawn % (m.iteration + 1);
    const sent = lane.stage.client.rollback(task.taskId, to, 'ann');
    if (to >= m.iteration) return refusedBy(sent).then(() => said(x, 'rollback', 'ann', false));
    await sent;
    said(x, 'rollback', 'ann');
    m.rollbackTo = to;
    withdraw(
      x,
      ({ id, subject }) =>
        ['action', 'question', 'delivery'].includes(subject) || /go-on|fault-rollback/.test(id),
    );
  });

interface Changes {
  readonly budget: { readonly maxUsd?: number | null; readonly maxIterations?: number } | null;
  readonly model: string | null;
  readonly constraints: { readonly add: readonly string[]; readonly replace: boolean } | null;
}

const changed = (changes: Changes) =>
  command(
    `change ${JSON.stringify(changes)}`,
    async (x, { task, lane }) => {
      await lane.stage.client.change(task.taskId, {
        ...changes,
        constraints: changes.constraints && { ...changes.constraints, add: [...changes.constraints.add] },
        by: person('ann'),
      });
      const { m } = x;
      const { budget, model, constraints } = changes;
      said(x, 'change', 'ann');
      m.budget = { ...m.budget, ...budget };
      m.step = { ...m.step, maxUsd: m.step.maxUsd ?? m.budget.maxUsd };
      m.wanted = model ?? m.wanted;
      if (constraints !== null) {
        m.constraints = constraints.add.length + (constraints.replace ? 0 : m.constraints);
        m.constraintChanges++;
      }
      withdraw(x, ({ id, subject }) => {
        if (subject === 'budget') return budget !== null;
        if (subject === 'delivery') return constraints !== null;
        return /fault-plan/.test(id) && (model !== null || budget !== null);
      });
    },
    ({ m }) => m.constraints < 20,
  );

export const cancelled = (mode: 'soft' | 'now') =>
  command(`cancel ${mode}`, async (x, { task, lane }) => {
    await lane.stage.client.cancel(task.taskId, 'ann', { mode });
    said(x, 'cancel', 'ann');
    cancel(x, mode);
  });

/** People go on talking while no worker is there. */
const restarted = (count: number) =>
  command(`worker stops, ${count} steers, another starts`, async (x, real) => {
    await real.lane.stop();
    await steer(x, real, count);
    await real.lane.start();
  });

const which = fc.nat(2);
const how = fc.constantFrom<'update' | 'signal'>('update', 'signal');
const outcome = fc.constantFrom<Answer['outcome']>('granted', 'granted', 'rejected', 'edited');
const step = go.map(letGoOn);
const answers = fc.tuple(outcome, which, how).map((drawn) => answered(...drawn));
const changes = fc
  .oneof<fc.Arbitrary<Changes>[]>(
    fc.record({
      budget: fc.oneof(
        fc.record({ maxIterations: fc.integer({ min: 1, max: 6 }) }),
        fc.record({ maxUsd: fc.constantFrom(null, 0.5, 2) }),
      ),
      model: fc.constant(null),
      constraints: fc.constant(null),
    }),
    fc.record({
      budget: fc.constant(null),
      model: fc.constantFrom(null, 'gpt-other'),
      constraints: fc.record({ add: fc.constantFrom(['one'], ['one', 'two']), replace: fc.boolean() }),
    }),
    fc.record({
      budget: fc.constant(null),
      model: fc.constantFrom('gpt-other', 'gpt-third'),
      constraints: fc.constant(null),
    }),
  )
  .map(changed);

/** Everything that can happen to a task, the usual more often. */
export const anyCommand: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 8 }, () => step),
  ...Array.from({ length: 4 }, () => answers),
  fc.tuple(which, how).map((drawn) => wrongDigest(...drawn)),
  fc.boolean().map(again),
  fc.constant(atOnce),
  fc.constantFrom([1, 0], [2, 5000], [30, 0]).map(([count = 1, length = 0]) => steered(count, length)),
  fc.integer({ min: 1, max: 4 }).map(steeredOnTheMove),
  fc.constant(paused),
  fc.constant(resumed),
  fc.nat(4).map(rolledBack),
  changes,
  fc.constantFrom<'soft' | 'now'>('soft', 'soft', 'now').map(cancelled),
  fc.nat(2).map(restarted),
];

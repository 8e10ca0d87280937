import type { Answer, PendingApproval } from '../../../contracts/approval.ts';
import { messageName } from '../../../contracts/words/messages.ts';
import { shell } from '../../helpers/fake-facts.ts';
import { answerTo } from '../../helpers/task-play.ts';
import { type Command, command, person, refusedBy } from './command.ts';
import { answer, type Expected, said } from './expected.ts';
import type { Real } from './real.ts';

const isAsking = ({ m }: Expected) => m.open.length > 0;
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

export const wrongDigest = (which: number, how: 'update' | 'signal') =>
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

export const again = (same: boolean) =>
  command(
    same ? 'the last answer again' : 'another answer to what is settled',
    async (x, real) => {
      const last = x.m.settled.at(-1);
      const before = last && real.answers.get(last.id);
      if (!last || !before) return;
      const repeats = same && last.outcome !== 'withdrawn' && before.by.name !== 'a signal';
      const another = person(before.by.name === 'bob' ? 'ann' : 'bob');
      const given = repeats ? before : { ...before, by: another };
      const sent = decide(real, given);
      await (repeats ? sent : refusedBy(sent));
      said(x, 'decide', given.by.name, repeats);
    },
    ({ m }) => m.settled.length > 0,
  );

export const atOnce = command(
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

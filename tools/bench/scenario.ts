import { type Scenario, ScenarioSchema } from '../../models/scripted/scenario.ts';

export interface Commands {
  readonly name: string;
  readonly turns: number;
  readonly scenario: Scenario;
}

/** One command a turn, then the end. */
function commands(name: string, command: string, turns: number): Commands {
  const scenario = ScenarioSchema.parse({
    model: 'scripted',
    turns: [
      { reply: [{ exec_command: command }], repeat: turns },
      { reply: [{ exec_command: 'echo changed >> notes.txt' }] },
      { reply: [{ message: 'Done.' }] },
    ],
  });
  return { name, turns, scenario };
}

/** Commands that cost nothing: what the loop itself costs. */
export const cheapCommands = (turns: number): Commands => commands('true', 'true # {{n}}', turns);

/** Each changes a file: Longhaul makes a checkpoint of each. */
export const changingCommands = (turns: number): Commands =>
  commands('a changed file', 'echo {{n}} >> log.txt', turns);

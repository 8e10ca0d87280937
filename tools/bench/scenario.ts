import { type Scenario, ScenarioSchema } from '../../models/scripted/scenario.ts';

/** `turns` cheap commands, then the end: what the loop itself costs. */
export function cheapCommands(turns: number): Scenario {
  return ScenarioSchema.parse({
    model: 'scripted',
    turns: [
      { reply: [{ exec_command: 'true # {{n}}' }], repeat: turns },
      { reply: [{ exec_command: 'echo changed >> notes.txt' }] },
      { reply: [{ message: 'Done.' }] },
    ],
  });
}

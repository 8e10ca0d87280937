import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { OpenAI } from 'openai';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { cheapCommands } from './scenario.ts';

type Input = OpenAI.Responses.ResponseInputItem[];

/** The floor: the same model and the same commands in a plain loop, with no sandbox, no policy, no check and nothing written down. Gives each turn's milliseconds. */
export async function rawLoop(turns: number): Promise<readonly number[]> {
  const model = await startScriptedModel(cheapCommands(turns), { port: 0, keepBodies: false });
  const client = new OpenAI({ baseURL: model.url, apiKey: 'bench', maxRetries: 0 });
  const input: Input = [{ type: 'message', role: 'user', content: 'Run the commands.' }];
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const started = performance.now();
    const stream = client.responses.stream({
      model: 'scripted',
      input,
      store: false,
      prompt_cache_key: 'raw',
      tools: [],
    });
    const { output } = await stream.finalResponse();
    input.push(...(output as Input));
    for (const item of output) {
      if (item.type !== 'function_call') continue;
      const { cmd } = JSON.parse(item.arguments) as { cmd: string };
      await once(spawn('bash', ['-c', cmd], { stdio: 'ignore' }), 'exit');
      input.push({ type: 'function_call_output', call_id: item.call_id, output: '' });
    }
    times.push(performance.now() - started);
  }
  await model.close();
  return times;
}

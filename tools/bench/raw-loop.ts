import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { startScriptedModel } from '../../models/scripted/server.ts';
import { type LoopRun, totalBytes } from './loop-run.ts';
import { watchRequests } from './request-times.ts';
import type { Commands } from './scenario.ts';

type Input = OpenAI.Responses.ResponseInputItem[];

/** The floor: the same model and the same commands in a plain loop, with no sandbox, no policy, no check and nothing written down. */
export async function rawLoop({ scenario, turns }: Commands): Promise<LoopRun> {
  const model = await startScriptedModel(scenario, { port: 0, keepBodies: false });
  const watched = watchRequests();
  const cwd = mkdtempSync(join(tmpdir(), 'longhaul-raw-'));
  const startedMs = performance.now();
  const client = new OpenAI({ baseURL: model.url, apiKey: 'bench', maxRetries: 0 });
  const input: Input = [{ type: 'message', role: 'user', content: 'Run the commands.' }];
  // With the two turns that end it.
  for (let turn = 0; turn < turns + 2; turn++) {
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
      await once(spawn('bash', ['-c', cmd], { cwd, stdio: 'ignore' }), 'exit');
      input.push({ type: 'function_call_output', call_id: item.call_id, output: '' });
    }
  }
  const { turnsMs, firstArrivedMs } = watched.stop();
  await model.close();
  rmSync(cwd, { recursive: true, force: true });
  return { turnsMs, firstRequestMs: firstArrivedMs - startedMs, bytesSent: totalBytes(model), more: {} };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import type { TranscriptItem } from '../../../contracts/model-client.ts';
import { toTranscriptBytes } from '../../../contracts/transcript-bytes.ts';
import { compactTranscript, splitTranscript, summaryInput } from '../../../models/compaction.ts';
import { createOpenAiClient, defaultModelLimits } from '../../../models/openai-client.ts';
import { parseCalls } from '../../../models/parse-call.ts';
import { createProfileTable } from '../../../models/profile.ts';
import { type ScenarioInput, ScenarioSchema } from '../../../models/scripted/scenario.ts';
import { type ScriptedModel, startScriptedModel } from '../../../models/scripted/server.ts';
import { outputItem } from '../../../models/tool-output.ts';
import { toolDefinitions } from '../../../models/tools.ts';
import { firstItemCount, firstItems } from '../../../models/transcript.ts';
import { unwatched } from '../../helpers/unwatched.ts';

const profileOf = createProfileTable({ profiles: {} });
const tools = toolDefinitions(profileOf('gpt-5.5'));
const watch = unwatched();
const begin = firstItems({
  instructions: 'base',
  contextText: 'context',
  instruction: 'do it',
  constraints: [],
});

const connect = (url: string) =>
  createOpenAiClient({
    ...defaultModelLimits,
    baseUrl: url,
    apiKey: 'k',
    organization: null,
    project: null,
    profileOf,
    nowMs: Date.now,
  });
const requestOf = (items: readonly TranscriptItem[]) => {
  const input = toTranscriptBytes(items);
  return { model: 'gpt-5.5', effort: 'low', input, tools, promptCacheKey: 'task' } as const;
};

let cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp) await undo();
  cleanUp = [];
});

async function serve(scenario: ScenarioInput): Promise<ScriptedModel> {
  const model = await startScriptedModel(ScenarioSchema.parse(scenario), { port: 0, keepBodies: true });
  cleanUp.push(() => model.close());
  return model;
}

describe('a task against the scripted model', () => {
  test('goes through a hundred turns, each call answered once', async () => {
    const model = await serve({
      turns: [
        { reply: [{ exec_command: 'echo {{n}}' }, { apply_patch: 'P' }], repeat: 100 },
        { reply: [{ message: 'done' }] },
      ],
    });
    const client = connect(model.url);
    const input = [...begin];
    for (let turn = 1; turn <= 100; turn += 1) {
      const { output } = await client.respond(requestOf(input), watch);
      const calls = parseCalls(output);
      expect(calls.map(({ call }) => call.kind)).toEqual(['shell', 'apply_patch']);
      input.push(...output, ...calls.map((call) => outputItem(call, 'ok')));
    }
    expect(parseCalls((await client.respond(requestOf(input), watch)).output)).toEqual([]);
    expect(model.problems()).toEqual([]);
  });

  test('that runs out of context is compacted and repeats the same turn', async () => {
    const model = await serve({
      contextWindowTokens: 3000,
      turns: [{ reply: [{ exec_command: 'echo {{n}}' }], repeat: 12 }],
    });
    const client = connect(model.url);
    let input = [...begin];
    const turns: string[] = [];
    let compactions = 0;
    while (turns.length < 12) {
      const answer = await client
        .respond(requestOf(input), watch)
        .catch((error: { code: string }) => error.code);
      if (typeof answer === 'string') {
        expect(answer).toBe('model.context_exceeded');
        const cut = { prefixItems: firstItemCount, keepTokens: 500, keepLastTokens: 500 };
        const { summary } = await client.compact(
          requestOf(summaryInput(splitTranscript(input, cut), 2000)),
          watch,
        );
        const pinned = { goal: 'do it', constraints: [], plan: [], touchedFiles: [], lastChecks: [] };
        input = [...compactTranscript({ items: input, summary, pinned, cut }).items];
        compactions += 1;
        continue;
      }
      const calls = parseCalls(answer.output);
      turns.push(...calls.map(({ call }) => (call.kind === 'shell' ? String(call.line) : '')));
      input.push(...answer.output, ...calls.map((call) => outputItem(call, 'x'.repeat(1600))));
    }
    expect(turns).toEqual(Array.from({ length: 12 }, (_, at) => `echo ${at + 1}`));
    expect(compactions).toBeGreaterThan(1);
    expect(model.problems()).toEqual([]);
  });

  test('the request asks for what the profile can do', async () => {
    const model = await serve({ turns: [{ reply: [{ message: 'm' }] }] });
    const client = connect(model.url);
    await client.respond(requestOf(begin), watch);
    await client.respond({ ...requestOf(begin), model: 'gpt-4o' }, watch);
    await client.respond({ ...requestOf(begin), model: 'unknown' }, watch);
    const bodies = model.requests.map((request): unknown =>
      JSON.parse(Buffer.from(request.body).toString('utf8')),
    );
    const common = {
      stream: true,
      store: false,
      tool_choice: 'auto',
      parallel_tool_calls: true,
      prompt_cache_key: 'task',
      tools,
      input: begin,
    };
    const include = ['reasoning.encrypted_content'];
    expect(bodies[0]).toEqual({ ...common, model: 'gpt-5.5', include, reasoning: { effort: 'low' } });
    expect(bodies[1]).toEqual({ ...common, model: 'gpt-4o' });
    expect(bodies[2]).toEqual({ ...common, model: 'unknown', include });
  });
});

describe('the scripted model as a program', () => {
  const main = join(import.meta.dirname, '../../../models/scripted/main.ts');

  function run(...args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    cleanUp.push(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    });
    return child;
  }

  function scenarioFile(text: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'scripted-'));
    cleanUp.push(async () => rmSync(folder, { recursive: true }));
    const path = join(folder, 'scenario.yaml');
    writeFileSync(path, text);
    return path;
  }

  async function ended(child: ChildProcess): Promise<{ readonly code: unknown; readonly errors: string }> {
    let errors = '';
    child.stderr?.on('data', (piece) => {
      errors += String(piece);
    });
    const [code] = await once(child, 'close');
    return { code, errors };
  }

  test('prints its URL, serves, and ends with what is left over', async () => {
    const child = run(scenarioFile('turns:\n  - reply: [{message: one}]\n  - reply: [{message: two}]\n'));
    const end = ended(child);
    const [url] = await once(createInterface({ input: child.stdout ?? process.stdin }), 'line');
    const answer = await connect(String(url)).respond(requestOf(begin), watch);
    expect(JSON.stringify(answer.output)).toContain('one');
    child.kill('SIGTERM');
    expect(await end).toEqual({
      code: 1,
      errors: 'conversation (task): turns 2 to 2 were never asked for\n',
    });
  });

  test.each([
    ['no scenario', [], 2, 'Usage:'],
    ['a scenario that is not there', ['/nowhere.yaml'], 2, '/nowhere.yaml cannot be read'],
    ['a port that is none', ['x.yaml', '--port', 'abc'], 2, 'Usage:'],
  ])('%s is wrong use', async (_title, args, code, text) => {
    const end = await ended(run(...args));
    expect(end).toEqual({ code, errors: expect.stringContaining(text) });
  });

  test('a scenario with a mistake ends at once and names it', async () => {
    const end = await ended(run(scenarioFile('turns: [{}]')));
    expect(end).toEqual({ code: 2, errors: expect.stringContaining('turns[0].reply') });
  });

  test('a busy port ends at once and names it', async () => {
    const model = await serve({ turns: [{ reply: [{ message: 'm' }] }] });
    const { port } = new URL(model.url);
    const end = await ended(run(scenarioFile('turns: [{reply: [{message: m}]}]'), '--port', port));
    expect(end).toEqual({ code: 4, errors: expect.stringContaining(`127.0.0.1:${port}`) });
  });
});

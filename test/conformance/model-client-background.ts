import { afterEach, describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../contracts/model-client.ts';
import { toTranscriptBytes } from '../../contracts/transcript-bytes.ts';
import { type ScenarioInput, ScenarioSchema } from '../../models/scripted/scenario.ts';
import { type ScriptedModel, startScriptedModel } from '../../models/scripted/server.ts';
import { unwatched } from '../helpers/unwatched.ts';
import type { MakeClient } from './model-client.ts';

/** `background` is a model whose responses go on when nobody listens. */
const request: ModelRequest = {
  model: 'background',
  effort: 'low',
  input: toTranscriptBytes([{ type: 'message', role: 'user', content: 'do it' }]),
  tools: [],
  promptCacheKey: 'task-1',
};
const reply = [{ message: 'Done.' }];
const limits = { idleTimeoutMs: 5000, requestTimeoutMs: 20_000, maxResponseBytes: 2 * 1024 * 1024 };

/** What a `ModelClient` has to do for a model whose responses are made in the background. */
export function backgroundSuite(name: string, makeClient: MakeClient): void {
  describe(`${name}, in the background`, () => {
    const servers: ScriptedModel[] = [];
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.close()));
    });
    const start = async (scenario: ScenarioInput) => {
      const server = await startScriptedModel(ScenarioSchema.parse(scenario), { port: 0, keepBodies: true });
      servers.push(server);
      return { server, client: makeClient({ url: server.url, ...limits }) };
    };
    /** A client that dies as soon as it knows the id of its response. */
    const beginAndDie = async (client: ReturnType<MakeClient>): Promise<string> => {
      const death = new AbortController();
      let begun = '';
      const onBackground = (id: string) => {
        begun = id;
        death.abort(new Error('died'));
      };
      const dying = client.respond(request, unwatched({ signal: death.signal, onBackground }));
      await expect(dying).rejects.toThrow('died');
      return begun;
    };

    test('asks for the response to be stored, and tells its id at once', async () => {
      const { server, client } = await start({ turns: [{ reply }] });
      const ids: string[] = [];
      const response = await client.respond(request, unwatched({ onBackground: (id) => ids.push(id) }));
      expect(ids).toEqual([response.responseId]);
      const body = JSON.parse(Buffer.from(server.requests[0]?.body ?? '').toString());
      expect(body).toMatchObject({ background: true, store: true, stream: true });
    });

    test('tells no id of a response that ends with its connection, and asks that none be stored', async () => {
      const { server, client } = await start({ turns: [{ reply }] });
      const ids: string[] = [];
      const watch = unwatched({ onBackground: (id) => ids.push(id) });
      await client.respond({ ...request, model: 'scripted' }, watch);
      expect(ids).toEqual([]);
      const body = JSON.parse(Buffer.from(server.requests[0]?.body ?? '').toString());
      expect(body).toMatchObject({ store: false });
      expect(body).not.toHaveProperty('background');
    });

    test('a response whose client died is picked up by another one and paid once', async () => {
      const { server, client } = await start({ turns: [{ reply, delayMs: 300 }] });
      const begun = await beginAndDie(client);
      const other = makeClient({ url: server.url, ...limits });
      const response = await other.respond(request, unwatched({ pickUp: begun }));
      expect(response).toMatchObject({ responseId: begun, output: [{ type: 'message' }] });
      expect(response.usage.inputTokens).toBeGreaterThan(0);
      expect(server.requests).toHaveLength(1);
    });

    test('a stream that breaks is told as such, and its response is picked up whole', async () => {
      const faults = [{ kind: 'reset', afterEvents: 3 } as const];
      const { server, client } = await start({ turns: [{ reply, faults, optional: true }] });
      let begun = '';
      const onBackground = (id: string) => {
        begun = id;
      };
      await expect(client.respond(request, unwatched({ onBackground }))).rejects.toMatchObject({
        code: 'model.stream_broken',
      });
      expect(await client.respond(request, unwatched({ pickUp: begun }))).toMatchObject({
        output: [{ type: 'message' }],
      });
      expect(server.requests).toHaveLength(1);
    });

    test('a response that the server has forgotten is asked for anew', async () => {
      const { server, client } = await start({ turns: [{ reply, delayMs: 100 }] });
      const begun = await beginAndDie(client);
      server.background.expire();
      expect(await client.respond(request, unwatched({ pickUp: begun }))).toMatchObject({
        output: [{ type: 'message' }],
      });
      expect(server.requests).toHaveLength(2);
    });

    test('a response that has failed says that it has ended, and what it cost', async () => {
      const faults = [{ kind: 'incomplete', times: 2 } as const];
      const usage = { input_tokens: 7, output_tokens: 3 };
      const { client } = await start({ turns: [{ reply, faults, usage, optional: true }] });
      let begun = '';
      const onBackground = (id: string) => {
        begun = id;
      };
      const ended = { code: 'model.bad_response', details: { responseEnded: true, inputTokens: 7 } };
      await expect(client.respond(request, unwatched({ onBackground }))).rejects.toMatchObject(ended);
      await expect(client.respond(request, unwatched({ pickUp: begun }))).rejects.toMatchObject(ended);
    });

    test('a summary is picked up too', async () => {
      const { server, client } = await start({ turns: [{ reply, optional: true }], summary: 'All is well.' });
      let begun = '';
      const onBackground = (id: string) => {
        begun = id;
      };
      const first = await client.compact(request, unwatched({ onBackground }));
      expect(first.responseId).toBe(begun);
      expect(await client.compact(request, unwatched({ pickUp: begun }))).toEqual(first);
      expect(server.requests).toHaveLength(1);
    });

    test('is ended by a cancel, and one that is over or unknown is no error', async () => {
      const { server, client } = await start({ turns: [{ reply, delayMs: 60_000, optional: true }] });
      const begun = await beginAndDie(client);
      await client.cancel(begun);
      await client.cancel(begun);
      await client.cancel('resp_unknown');
      expect(server.background.cancelled).toEqual([begun]);
      await expect(client.respond(request, unwatched({ pickUp: begun }))).rejects.toMatchObject({
        details: { responseEnded: true },
      });
    });
  });
}

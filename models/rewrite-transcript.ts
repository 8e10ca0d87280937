import { z } from 'zod';
import type { TranscriptItem } from '../contracts/model-client.ts';
import { shellWord } from '../contracts/shell-word.ts';
import type { ModelProfile } from './profile.ts';
import { toolDefinitions } from './tools.ts';
import { answeredIdOf, messageItem, outputText } from './transcript.ts';

type Tools = Pick<ModelProfile, 'commandTool' | 'patchTool'>;

const CallSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('function_call'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.object({ type: z.literal('custom_tool_call'), call_id: z.string(), name: z.string(), input: z.string() }),
]);
type Call = z.infer<typeof CallSchema>;

/**
 * A transcript as a model with these tools can read it, whichever model wrote it. Reasoning is left out, only the model it came from can
 * read it, and with it the items' ids, which that model's provider looks up and whose form tells the kind of an item. Each call takes the
 * form of the tools, its id as it was; one of a tool that there is none of becomes a message with what it was answered. Pure: the same
 * input gives the same bytes.
 */
export function rewriteTranscript(items: readonly TranscriptItem[], tools: Tools): readonly TranscriptItem[] {
  const names = toolDefinitions(tools).map((tool) => tool['name']);
  const calls = new Map<string, { readonly name: string; readonly item: TranscriptItem | null }>();
  return items.flatMap((item) => {
    const call = CallSchema.safeParse(item).data;
    if (call !== undefined) {
      const rewritten = rewriteCall(call, tools, names);
      calls.set(call.call_id, { name: call.name, item: rewritten });
      return rewritten === null ? [] : [rewritten];
    }
    const answered = calls.get(answeredIdOf(item) ?? '');
    if (answered !== undefined) return [rewriteAnswer(item, answered)];
    return item['type'] === 'message' ? rewriteMessage(item) : [];
  });
}

function rewriteMessage(item: TranscriptItem): readonly TranscriptItem[] {
  if (item['role'] !== 'assistant') return [item];
  const text = outputText([item]) || (typeof item['content'] === 'string' ? item['content'] : '');
  return text === '' ? [] : [{ type: 'message', role: 'assistant', content: text }];
}

function rewriteCall(call: Call, tools: Tools, names: readonly unknown[]): TranscriptItem | null {
  const { call_id: id, name } = call;
  if (name === 'apply_patch') return patchCall(call, tools);
  if (call.type === 'custom_tool_call') return null;
  if (names.includes(name)) return functionCall(id, name, call.arguments);
  if (name === 'exec_command' || name === 'shell')
    return functionCall(id, tools.commandTool, commandArguments(call.arguments, tools));
  return null;
}

function rewriteAnswer(
  answer: TranscriptItem,
  { name, item }: { readonly name: string; readonly item: TranscriptItem | null },
): TranscriptItem {
  const { call_id, output = '' } = answer;
  if (item === null) {
    const text = typeof output === 'string' ? output : JSON.stringify(output);
    return messageItem('user', `A call of ${JSON.stringify(name)} was answered: ${text}`);
  }
  return { type: `${String(item['type'])}_output`, call_id: call_id ?? '', output };
}

function patchCall(call: Call, { patchTool }: Tools): TranscriptItem {
  const { call_id, name } = call;
  if (patchTool === 'freeform') {
    const input = call.type === 'custom_tool_call' ? call.input : patchOf(call.arguments);
    return { type: 'custom_tool_call', call_id, name, input };
  }
  const text = call.type === 'function_call' ? call.arguments : JSON.stringify({ input: call.input });
  return functionCall(call_id, name, text);
}

function functionCall(callId: string, name: string, text: string): TranscriptItem {
  return { type: 'function_call', call_id: callId, name, arguments: text };
}

/** What cannot be read was answered so, and stays as it was written. */
function patchOf(text: string): string {
  return z.object({ input: z.string() }).safeParse(parsed(text)).data?.input ?? text;
}

const CommandSchema = z
  .object({
    cmd: z.union([z.string(), z.array(z.string())]).optional(),
    command: z.union([z.string(), z.array(z.string())]).optional(),
    workdir: z.json().optional(),
    timeout_ms: z.json().optional(),
    justification: z.json().optional(),
  })
  .transform(({ cmd, command, ...rest }) => ({ command: cmd ?? command, rest }));

function commandArguments(text: string, { commandTool }: Tools): string {
  const { command, rest } = CommandSchema.safeParse(parsed(text)).data ?? {};
  if (command === undefined) return text;
  return JSON.stringify(
    commandTool === 'shell' ? { command: argvOf(command), ...rest } : { cmd: lineOf(command), ...rest },
  );
}

function argvOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? ['bash', '-c', command] : command;
}

function lineOf(command: string | readonly string[]): string {
  if (typeof command === 'string') return command;
  const [program = '', flag, line] = command;
  const isLine = command.length === 3 && /^(?:ba)?sh$/.test(program) && /^-l?c$/.test(flag ?? '');
  return isLine && line !== undefined ? line : command.map(shellWord).join(' ');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { TranscriptItem } from '../../contracts/model-client.ts';
import { itemId } from './choose-turn.ts';
import type { ReplyPart } from './scenario.ts';
import { fillTemplate } from './template.ts';

/** Where the items belong: the turn as ids write it (`t12`), the repetition, and the tools that were offered. */
export interface ReplyScene {
  readonly turn: string;
  readonly n: number;
  readonly tools: readonly TranscriptItem[];
}

/** The output items of a reply. Ids depend on the turn alone; a call takes the shape of the tools that the request offers. */
export function replyItems(reply: readonly ReplyPart[], scene: ReplyScene): readonly TranscriptItem[] {
  return reply.map((part, index) => replyItem(part, scene, index));
}

function replyItem(part: ReplyPart, scene: ReplyScene, index: number): TranscriptItem {
  const fill = (text: string) => fillTemplate(text, scene.n);
  const callFunction = (name: string, args: string) => functionCall(scene, index, name, args);
  if ('message' in part) return message(itemId('msg', scene.turn, index), fill(part.message));
  if ('reasoning' in part) return reasoning(itemId('rs', scene.turn, index), fill(part.reasoning));
  if ('exec_command' in part) return command(part.exec_command, scene, index);
  if ('apply_patch' in part) return patch(fill(part.apply_patch), scene, index);
  if ('update_plan' in part) return callFunction('update_plan', fill(JSON.stringify(part.update_plan)));
  if ('ask_human' in part)
    return callFunction('ask_human', JSON.stringify({ question: fill(part.ask_human) }));
  if ('call' in part) return callFunction(part.call.name, fill(part.call.arguments));
  return { id: itemId('item', scene.turn, index), ...part.item };
}

function message(id: string, text: string): TranscriptItem {
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  return { id, type: 'message', status: 'completed', role: 'assistant', content };
}

/** The encrypted content is opaque to everybody but the provider, so any stable text does. */
function reasoning(id: string, text: string): TranscriptItem {
  const encrypted = Buffer.from(`${id}:${text}`).toString('base64');
  return { id, type: 'reasoning', summary: [{ type: 'summary_text', text }], encrypted_content: encrypted };
}

function functionCall(scene: ReplyScene, index: number, name: string, args: string): TranscriptItem {
  return {
    id: itemId('fc', scene.turn, index),
    type: 'function_call',
    status: 'completed',
    call_id: itemId('call', scene.turn, index),
    name,
    arguments: args,
  };
}

function command(
  wanted: Extract<ReplyPart, { exec_command: unknown }>['exec_command'],
  scene: ReplyScene,
  index: number,
): TranscriptItem {
  const { cmd, ...rest } = wanted;
  const filled = fillTemplate(cmd, scene.n);
  if (offers(scene, 'shell') && !offers(scene, 'exec_command')) {
    return functionCall(scene, index, 'shell', JSON.stringify({ command: ['bash', '-c', filled], ...rest }));
  }
  return functionCall(scene, index, 'exec_command', JSON.stringify({ cmd: filled, ...rest }));
}

function patch(input: string, scene: ReplyScene, index: number): TranscriptItem {
  const freeform = scene.tools.some((tool) => tool['type'] === 'custom' && tool['name'] === 'apply_patch');
  if (!freeform) return functionCall(scene, index, 'apply_patch', JSON.stringify({ input }));
  return {
    id: itemId('ctc', scene.turn, index),
    type: 'custom_tool_call',
    status: 'completed',
    call_id: itemId('call', scene.turn, index),
    name: 'apply_patch',
    input,
  };
}

function offers(scene: ReplyScene, name: string): boolean {
  return scene.tools.some((tool) => tool['name'] === name);
}

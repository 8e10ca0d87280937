import type { TranscriptItem } from '../../contracts/model-client.ts';
import { type Answer, responseAnswer } from './answer.ts';

/** Cuts the arguments of each function call in the middle, as a model does that runs out of tokens. */
export function halfArguments(items: readonly TranscriptItem[]): readonly TranscriptItem[] {
  return items.map((item) => {
    const args = item['arguments'];
    if (typeof args !== 'string') return item;
    return { ...item, arguments: args.slice(0, Math.ceil(args.length / 2)) };
  });
}

/** A private-use character that stands for the bad bytes until the text is bytes. */
const mark = '\uf8ff';
const badBytes = Buffer.from([0xff, 0xfe, 0xc3]);

/** The good answer with a further message, in which bytes stand that are no UTF-8. */
export function invalidUtf8(response: TranscriptItem, stream: boolean): Answer {
  const output = Array.isArray(response['output']) ? response['output'] : [];
  const message = {
    id: 'msg_bad_bytes',
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: `bad bytes: ${mark}.`, annotations: [] }],
  };
  const answer = responseAnswer({ ...response, output: [message, ...output] }, stream);
  return { ...answer, body: answer.body.map((piece) => withBadBytes(piece)) };
}

function withBadBytes(piece: string | Uint8Array): Uint8Array {
  const parts = Buffer.from(piece).toString('utf8').split(mark);
  return Buffer.concat(
    parts.flatMap((part, index) => (index === 0 ? [Buffer.from(part)] : [badBytes, Buffer.from(part)])),
  );
}

import type { ActionBody } from '../../contracts/action.ts';
import type { StandingRule } from '../../contracts/decision.ts';
import { splitLines } from '../terminal/escape.ts';
import { exactLines, type Line, lineAt, type Tone, tone } from '../terminal/line.ts';
import { shellCommand } from './shell-words.ts';

type ShellBody = Extract<ActionBody, { readonly kind: 'shell' }>;

/** The command as a person reads and edits it: the line that a shell is given, or the words in shell quotes. */
export function commandText(body: ShellBody): string {
  return shellLine(body) ?? shellCommand(body.argv);
}

/** What runs is `argv`: a line beside it is shown only where it is the same. */
export function shellLine({ argv, line: text }: ShellBody): string | null {
  return text !== null && argv.length > 1 && argv.at(-1) === text ? text : null;
}

/** An action, whole: a person decides on every character of it, so nothing is cut. */
export function actionLines(indent: number, body: ActionBody): readonly Line[] {
  switch (body.kind) {
    case 'shell':
      return shellLines(indent, body);
    case 'apply_patch':
      return [lineAt(indent, tone('dim', 'patch')), ...patchLines(indent + 2, body.patch)];
    case 'update_plan':
      return body.steps.map((step) => lineAt(indent, `[${step.status}] ${step.step}`));
    case 'ask_human':
      return splitLines(body.question).map((text) => lineAt(indent, text));
    case 'deliver':
      return [
        lineAt(
          indent,
          tone('dim', 'publish '),
          tone('accent', body.branch),
          ` at ${body.commit.slice(0, 12)}`,
        ),
        ...body.concerns.map((concern) => lineAt(indent, tone('warn', '! look at '), concern)),
      ];
    case 'invalid':
      return [lineAt(indent, body.reason)];
    default:
      throw new Error(`unknown action ${JSON.stringify(body satisfies never)}`);
  }
}

function shellLines(indent: number, body: ShellBody): readonly Line[] {
  const shell =
    shellLine(body) === null ? [] : [tone('dim', ` with ${shellCommand(body.argv.slice(0, -1))}`)];
  const where = body.cwd === '.' ? 'at the root of the workspace' : `in ${body.cwd}`;
  return [
    lineAt(indent, tone('dim', 'run '), where, ...shell),
    ...exactLines(indent + 2, splitLines(commandText(body)), () => 'strong'),
    ...(body.justification === null
      ? []
      : [lineAt(indent, tone('dim', 'the model says '), body.justification.replaceAll('\n', ' '))]),
  ];
}

/** A patch or diff, line by line. */
export function patchLines(indent: number, patch: string): readonly Line[] {
  return exactLines(indent, splitLines(patch), patchTone);
}

function patchTone(text: string): Tone {
  if (/^(?:\*\*\*|diff |index |\+\+\+|---)/.test(text)) return 'strong';
  if (text.startsWith('@@')) return 'accent';
  if (text.startsWith('+')) return 'good';
  return text.startsWith('-') ? 'bad' : 'plain';
}

/** What "let it stand for this task" would cover, in words. */
export function standingText(rule: StandingRule): string {
  return rule.kind === 'shell'
    ? `every command that begins with: ${shellCommand(rule.prefix)}`
    : `every patch that touches nothing but: ${rule.paths.join(', ')}`;
}

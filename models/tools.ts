import type { TranscriptItem } from '../contracts/model-client.ts';
import { patchFormat, patchGrammar } from './patch-grammar.ts';
import type { ModelProfile } from './profile.ts';

const text = (description: string) => ({ type: 'string', description });
const timeout = { type: 'number', description: 'How long the command may run, in milliseconds.' };
const workdir = text('Where to run it, relative to the root of the workspace. The root when left out.');
const justification = text('For a person who may be asked: in one sentence, why this command is needed.');

const execCommand: TranscriptItem = {
  type: 'function',
  name: 'exec_command',
  description:
    'Runs a shell command in the workspace and gives its output and exit code. Each command starts afresh: no state of the shell is kept, and nothing goes on running after it.',
  strict: false,
  parameters: {
    type: 'object',
    properties: {
      cmd: text('The shell command.'),
      workdir,
      timeout_ms: timeout,
      justification,
    },
    required: ['cmd'],
    additionalProperties: false,
  },
};

const shell: TranscriptItem = {
  type: 'function',
  name: 'shell',
  description:
    'Runs a program in the workspace and gives its output and exit code. For a shell line use ["bash", "-c", "<line>"]. Each command starts afresh, and nothing goes on running after it.',
  strict: false,
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'array', items: { type: 'string' }, description: 'The program and its arguments.' },
      workdir,
      timeout_ms: timeout,
      justification,
    },
    required: ['command'],
    additionalProperties: false,
  },
};

const patchPurpose =
  'Changes files. Paths are relative to the root of the workspace. All of the patch is applied, or none of it.';

const freeformPatch: TranscriptItem = {
  type: 'custom',
  name: 'apply_patch',
  description: `${patchPurpose} This is a free-form tool: write the patch itself, not JSON.`,
  format: { type: 'grammar', syntax: 'lark', definition: patchGrammar },
};

const functionPatch: TranscriptItem = {
  type: 'function',
  name: 'apply_patch',
  description: `${patchPurpose}\n${patchFormat}`,
  strict: false,
  parameters: {
    type: 'object',
    properties: { input: text('The whole patch.') },
    required: ['input'],
    additionalProperties: false,
  },
};

const updatePlan: TranscriptItem = {
  type: 'function',
  name: 'update_plan',
  description:
    'Replaces the plan that people see. Give every step, at most 30; at most one is in progress. A step is one sentence of at most 300 characters.',
  strict: false,
  parameters: {
    type: 'object',
    properties: {
      explanation: text('Why the plan has changed.'),
      plan: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            step: text('What is done in this step.'),
            status: { type: 'string', enum: ['pending', 'in_progress', 'completed'] },
          },
          required: ['step', 'status'],
          additionalProperties: false,
        },
      },
    },
    required: ['plan'],
    additionalProperties: false,
  },
};

const askHuman: TranscriptItem = {
  type: 'function',
  name: 'ask_human',
  description:
    'Asks a person and waits for the answer, which may take hours. Only for what neither the repository nor the instruction can tell.',
  strict: false,
  parameters: {
    type: 'object',
    properties: { question: text('One question, with what a person needs to know to answer it.') },
    required: ['question'],
    additionalProperties: false,
  },
};

/** The tools that a model is offered, in the shapes that it knows. The same profile gives the same bytes, always: they are part of the cached prefix. */
export function toolDefinitions(
  profile: Pick<ModelProfile, 'commandTool' | 'patchTool'>,
): readonly TranscriptItem[] {
  return [
    profile.commandTool === 'shell' ? shell : execCommand,
    profile.patchTool === 'freeform' ? freeformPatch : functionPatch,
    updatePlan,
    askHuman,
  ];
}

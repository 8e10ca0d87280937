import type { ActionBody } from '../contracts/action.ts';

type Shell = Extract<ActionBody, { kind: 'shell' }>;
type PatchOrReason = Extract<ActionBody, { kind: 'apply_patch' | 'invalid' }>;

const heredoc =
  /^\s*(?:apply_patch|applypatch)\s*<<-?\s*(['"]?)([A-Za-z_][A-Za-z0-9_]*)\1[^\S\n]*\n([\s\S]*?)\n\s*\2\s*$/;
const elsewhere = /^\s*cd\s[^\n]*(?:&&|;)\s*apply_?patch\s*<</;

/**
 * The patch in a command such as `apply_patch <<'EOF'`, which models write although they have a tool for it; undefined for any other
 * command. One that first goes to another directory gets a reason: the paths of a patch are relative to the workspace.
 */
export function patchOfCommand(shell: Shell): PatchOrReason | undefined {
  const patch = patchText(shell);
  const line = shell.line ?? '';
  if (patch === undefined && !elsewhere.test(line)) return undefined;
  if (patch === undefined || shell.cwd !== '.') {
    return {
      kind: 'invalid',
      reason:
        'apply_patch is a tool, not a command: call it, with paths relative to the root of the workspace',
    };
  }
  return { kind: 'apply_patch', patch };
}

function patchText(shell: Shell): string | undefined {
  const [program, argument] = shell.argv;
  if (shell.argv.length === 2 && (program === 'apply_patch' || program === 'applypatch')) return argument;
  return heredoc.exec(shell.line ?? '')?.[3];
}

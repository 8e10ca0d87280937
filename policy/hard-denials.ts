import type { ActionBody } from '../contracts/action.ts';
import { insidePath, isGitInternal } from './paths.ts';

/** A denial that no policy can lift. */
export interface HardDenial {
  readonly ruleId: string;
  readonly reason: string;
}

const denial = (name: string, reason: string): HardDenial => ({ ruleId: `builtin/${name}`, reason });

/** What is denied under every policy: actions that cannot be understood as what they claim to be, and paths out of the workspace or into git's own files. */
export function hardDenial(body: ActionBody, patchPaths: readonly string[] | null): HardDenial | null {
  if (body.kind === 'invalid') return denial('invalid', 'The action could not be read as one that there is.');
  if (body.kind === 'shell') return shellDenial(body);
  return body.kind === 'apply_patch' ? patchDenial(body.patch, patchPaths) : null;
}

function shellDenial(body: Extract<ActionBody, { kind: 'shell' }>): HardDenial | null {
  const words = [...body.argv, body.cwd, body.line ?? ''];
  if (words.some((word) => word.includes('\0'))) return denial('nul', 'The command holds a NUL character.');
  if (body.line !== null && !body.argv.includes(body.line)) {
    return denial('mismatch', 'The line that would be shown is not the one that would run.');
  }
  if (body.cwd !== '' && insidePath(body.cwd) === null) {
    return denial('outside-workspace', 'The command would start outside the workspace.');
  }
  return null;
}

function patchDenial(patch: string, paths: readonly string[] | null): HardDenial | null {
  if (paths === null || paths.length === 0) {
    return denial('unreadable-patch', 'The patch could not be read, so what it changes is not known.');
  }
  if (patch.includes('\0') || paths.some((path) => path.includes('\0'))) {
    return denial('nul', 'The patch holds a NUL character.');
  }
  if (paths.some((path) => [null, '.'].includes(insidePath(path)))) {
    return denial('outside-workspace', 'The patch names a path that is not a file inside the workspace.');
  }
  if (paths.some(isGitInternal)) return denial('git-internals', "The patch touches git's own files.");
  return null;
}

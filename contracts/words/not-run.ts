const maxNoteCharacters = 4000;

/** The observation of an action that had no effect in a sandbox, with the reason. */
export function notRun<Id extends string, Status extends 'ok' | 'denied' | 'cancelled'>(
  action: { readonly id: Id },
  status: Status,
  note: string,
) {
  return {
    actionId: action.id,
    status,
    exitCode: null,
    outputDigest: null,
    outputBytes: 0,
    note: note.slice(0, maxNoteCharacters),
    durationMs: 0,
  };
}

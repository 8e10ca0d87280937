/** What a person did that may leave a question without sense. */
export type Overtaking =
  | { readonly type: 'rollback' }
  | {
      readonly type: 'change';
      readonly budget: boolean;
      readonly model: boolean;
      readonly constraints: boolean;
    };

/**
 * Whether a question makes no sense any more after what a person did. A rollback takes away what is about the workspace as it was, another
 * budget the question for more of it, another model the question whether to try the old one again, other constraints a delivery made without
 * them.
 */
export function isWithdrawn(
  { subject, approvalId }: { readonly subject: string; readonly approvalId: string },
  by: Overtaking,
): boolean {
  if (by.type === 'rollback') {
    const ofWorkspace = subject === 'action' || subject === 'question' || subject === 'delivery';
    return ofWorkspace || /\.(?:go-on|fault-rollback)-\d+$/.test(approvalId);
  }
  if (subject === 'budget') return by.budget;
  if (subject === 'delivery') return by.constraints;
  return subject === 'fault' && (by.model || by.budget) && /\.fault-plan-\d+$/.test(approvalId);
}

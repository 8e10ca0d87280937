import type { TaskId } from './ids.ts';

/** What is told outside of Temporal: small, no command, code or secret in it. */
export type Notification = {
  /** Stable: the same thing told twice has the same id. */
  readonly id: string;
  readonly taskId: TaskId;
  /** The platform's own words. */
  readonly title: string;
  readonly atMs: number;
} & (
  | {
      readonly type: 'approval.opened' | 'approval.reminder';
      readonly approvalId: string;
      /** Of the card: an answer must quote it. */
      readonly digest: string;
      readonly expiresAtMs: number;
    }
  | { readonly type: 'task.ended'; readonly status: string }
);

/** Reaches people who are not looking. */
export interface Notifier {
  /** At least once: a receiver drops repeats by `id`. Throws `notify.failed` when nobody took it. */
  notify(notification: Notification): Promise<void>;
}

import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { TaskState, WaitingNote } from '../contracts/task-state.ts';
import { memoKey, searchAttribute } from '../contracts/words/messages.ts';
import type { StateChange } from './state-change.ts';
import { applyChange } from './task-state.ts';

const statusKey = defineSearchAttributeKey(searchAttribute.status, SearchAttributeType.KEYWORD);
const approvalKey = defineSearchAttributeKey(searchAttribute.approval, SearchAttributeType.KEYWORD);

/** A running task: its state, and the one way to change it. */
export interface Task {
  readonly state: TaskState;
  apply(change: StateChange): void;
}

/** Keeps the state, and what lists show of it: one event in history when the status or the first waiting approval changes, one more when what waits does. */
export function createTask(start: TaskState): Task {
  let state = start;
  return {
    get state() {
      return state;
    },
    apply(change) {
      const before = state;
      state = applyChange(state, change);
      if (state.pending !== before.pending && state.pending.length !== before.pending.length)
        upsertMemo({ [memoKey.waiting]: waitingNote(state) });
      const approval = state.pending[0]?.approvalId;
      if (state.status === before.status && approval === before.pending[0]?.approvalId) return;
      upsertSearchAttributes([
        { key: statusKey, value: state.status },
        { key: approvalKey, value: approval ?? null },
      ]);
    },
  };
}

function waitingNote({ pending, usage }: TaskState): WaitingNote | null {
  const [oldest] = pending;
  if (oldest === undefined) return null;
  const { approvalId, title, openedAtMs, expiresAtMs } = oldest;
  return { approvalId, title, openedAtMs, expiresAtMs, more: pending.length - 1, costUsd: usage.costUsd };
}

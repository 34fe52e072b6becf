/** How a failed instance goes on [K8]: by the wish of a client, or because its parent was rewound. */
import type { InboxMessage, InstanceRow } from '../storage/store.js';
import { emptyCheckpoint, messageToParent } from './checkpoint-builder.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { Turn, TurnContext } from './turn.js';

/** Whether this may rewind an instance, which is then to be loaded with its history although it is finished. */
export function mayRewind(input: PendingInput): boolean {
  return input.kind === 'message' && input.message.body.type === 'CreateInstance' && input.message.body.rewind !== undefined;
}

/** Whether somebody wants the instance rewound, and why. */
export function reasonToRewind(input: PendingInput): { readonly reason?: string } | undefined {
  if (input.kind !== 'message') return undefined;
  const { body } = input.message;
  if (body.type === 'RewindInstance') return body;
  return body.type === 'CreateInstance' ? body.rewind : undefined;
}

/**
 * What becomes of the sub-orchestration that a call has created when the caller is rewound: one that is under way will tell
 * how it ends, one that has completed tells it again. Others are no matter of this: a failed one is rewound itself, and in the
 * place of a terminated one, or of somebody else's instance, a new one is created.
 */
export function answerRewoundParent(slot: InstanceSlot, row: InstanceRow, first: PendingInput, context: TurnContext): Turn | undefined {
  if (!isOfThisCall(row, first) || row.status === 'Failed' || row.status === 'Terminated') return undefined;
  slot.queue.shift();
  const messages: InboxMessage[] = row.status === 'Completed' ? messageToParent(slot, row, context) : [];
  return { kind: 'checkpoint', checkpoint: { ...emptyCheckpoint(slot, [first]), messages }, taken: [first], row, session: slot.session };
}

/** Whether a creation is of the very call that has created the instance, whose caller was rewound since. */
export function isOfThisCall({ parent }: InstanceRow, input: PendingInput): boolean {
  if (input.kind !== 'message' || input.message.body.type !== 'CreateInstance') return false;
  const { rewind, parent: caller } = input.message.body;
  if (!rewind || !caller || !parent) return false;
  return parent.instanceId === caller.instanceId && parent.executionId === caller.executionId && parent.taskId === caller.taskId;
}

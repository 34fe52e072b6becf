import { partitionOf } from '../core/ids.js';
import type { FailureDetails } from '../core/failure.js';
import type { InboxMessage, InstanceRow } from '../storage/store.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { TurnContext } from './turn.js';

/** The row of the instance that an eager start or a CreateInstance asks for. */
export function createdRow(slot: InstanceSlot, old: InstanceRow | null, input: PendingInput, context: TurnContext): InstanceRow {
  if (input.kind === 'eager') return input.row;
  if (input.kind !== 'message' || input.message.body.type !== 'CreateInstance') {
    throw new Error(`Instance '${slot.instanceId}' cannot be created from ${input.kind}.`);
  }
  const { body } = input.message;
  const now = context.now();
  return {
    partition: slot.partition.index,
    instanceId: slot.instanceId,
    executionId: body.executionId,
    name: body.name,
    // A client has chosen already.
    version: body.version ?? (body.parent && defaultVersion(body.name, context)),
    status: 'Pending',
    input: body.input,
    tags: body.tags,
    parent: body.parent,
    startAt: body.startAt,
    createdAt: body.createdAt ?? now,
    updatedAt: now,
    historyLength: 0,
    rowVersion: (old?.rowVersion ?? 0) + 1,
  };
}

/** The module's default version, where a live worker has the orchestrator in it [Y5]. */
export function defaultVersion(name: string, context: Pick<TurnContext, 'settings' | 'isOrchestratorKnown'>): string | undefined {
  const { defaultVersion: version } = context.settings;
  return version !== undefined && context.isOrchestratorKnown(name, version) ? version : undefined;
}

/** Tells the caller of a sub-orchestration that its id is in use [S3]; whoever else asked is not there any more. */
export function replyInstanceInUse(slot: InstanceSlot, row: InstanceRow, input: PendingInput, context: TurnContext): InboxMessage[] {
  if (input.kind !== 'message' || input.message.body.type !== 'CreateInstance') return [];
  const { parent, name, onConflict } = input.message.body;
  if (!parent) {
    const text = `Instance '${row.instanceId}' of '${name}' was not started: the id is in use by a ${row.status} instance of '${row.name}'`;
    if (onConflict !== 'useExisting') context.log.warn(`${text}, and onConflict is '${onConflict}'.`);
    return [];
  }
  const failureDetails: FailureDetails = {
    errorType: 'InstanceAlreadyExistsError',
    errorMessage:
      `Sub-orchestration '${name}' was not started: the instance id '${row.instanceId}' is in use by a ${row.status} instance of ` +
      `'${row.name}'. Use another instanceId, or none to get one that is never in use.`,
    isNonRetriable: false,
  };
  const reply: InboxMessage = {
    partition: partitionOf(parent.instanceId, context.partitionCount()),
    key: slot.partition.keys.next(),
    sender: slot.partition.index,
    instanceId: parent.instanceId,
    body: {
      type: 'Deliver',
      executionId: parent.executionId,
      event: { type: 'SubOrchestrationInstanceFailed', taskId: parent.taskId, failureDetails },
    },
  };
  return [reply];
}

import { partitionOf } from '../core/ids.js';
import type { FailureDetails } from '../core/failure.js';
import type { InboxMessage, InstanceRow } from '../storage/store.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { TurnContext } from './turn.js';

/** The row of the instance that an eager start, a CreateInstance or a ReplaceInstance asks for. */
export function createdRow(slot: InstanceSlot, old: InstanceRow | null, input: PendingInput, context: TurnContext): InstanceRow {
  if (input.kind === 'eager') return input.row;
  if (input.kind !== 'message' || (input.message.body.type !== 'CreateInstance' && input.message.body.type !== 'ReplaceInstance')) {
    throw new Error(`Instance '${slot.instanceId}' cannot be created from ${input.kind}.`);
  }
  const { body } = input.message;
  const now = context.now();
  return {
    partition: slot.partition.index,
    instanceId: slot.instanceId,
    executionId: body.executionId,
    name: body.name,
    version: body.version ?? defaultVersion(body.name, context),
    status: 'Pending',
    input: body.input,
    tags: body.tags,
    parent: body.type === 'CreateInstance' ? body.parent : undefined,
    startAt: body.type === 'ReplaceInstance' ? body.startAt : undefined,
    createdAt: body.type === 'ReplaceInstance' ? body.createdAt : now,
    updatedAt: now,
    historyLength: 0,
    rowVersion: (old?.rowVersion ?? 0) + 1,
  };
}

/** The module's default version, where the orchestrator has it [Y5]. */
function defaultVersion(name: string, { handlers, settings }: TurnContext): string | undefined {
  const { defaultVersion: version } = settings;
  return version !== undefined && handlers.findOrchestrator(name, version) ? version : undefined;
}

/** Tells the caller of a sub-orchestration that its id is in use [S3]. */
export function replyInstanceInUse(slot: InstanceSlot, row: InstanceRow, input: PendingInput, partitionCount: number): InboxMessage | undefined {
  if (input.kind !== 'message' || input.message.body.type !== 'CreateInstance') return undefined;
  const { parent, name } = input.message.body;
  const failureDetails: FailureDetails = {
    errorType: 'InstanceAlreadyExistsError',
    errorMessage:
      `Sub-orchestration '${name}' was not started: the instance id '${row.instanceId}' is in use by a ${row.status} instance of ` +
      `'${row.name}'. Use another instanceId, or none to get one that is never in use.`,
    isNonRetriable: false,
  };
  return {
    partition: partitionOf(parent.instanceId, partitionCount),
    key: slot.partition.keys.next(),
    sender: slot.partition.index,
    instanceId: parent.instanceId,
    body: {
      type: 'Deliver',
      executionId: parent.executionId,
      event: { type: 'SubOrchestrationInstanceFailed', taskId: parent.taskId, failureDetails },
    },
  };
}

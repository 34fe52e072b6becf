/**
 * One step of an entity: collects what was taken up and what came of it, and says in one checkpoint what has changed (I1).
 * Nothing here touches the database or has an effect outside.
 */
import type { EntityAction, OperationOutcome } from '../../core/entity-execution.js';
import type { FailureDetails } from '../../core/failure.js';
import type { Caller, InputEvent, Serialized } from '../../core/history.js';
import { partitionOf } from '../../core/ids.js';
import type { Checkpoint, EntityRow, EntityWrite, InboxMessage, MessageBody, QueuedMessage, TimerKey } from '../../storage/store.js';
import { emptyCheckpoint } from '../checkpoint-builder.js';
import { isSameRequest, operationOf, type WaitingMessage } from './entity-line.js';
import type { EntitySlot } from './entity-slot.js';
import { entityMark, signalTimer } from './entity-timers.js';

export interface EntityStepContext {
  partitionCount(): number;
  newExecutionId(): string;
  /** The module's default version, where a live worker has the orchestrator in it [Y5]. */
  defaultVersion(name: string): string | undefined;
}

export interface FailedSignal {
  readonly operation: string;
  readonly failureDetails: FailureDetails;
}

export class EntityStep {
  /** As this step leaves them. */
  lock: Caller | undefined;
  state: Serialized;
  /** Operations that were carried out. */
  operations = 0;
  readonly failedSignals: FailedSignal[] = [];
  /** Bytes of results and actions. */
  weight = 0;
  /** The operation that runs. */
  private current: WaitingMessage | undefined;
  private attempts: number | undefined;
  private now = 0;
  /** Nothing else of the entity is in hand, and nothing is moved. */
  private isLast = false;
  private readonly taken: WaitingMessage[] = [];
  private readonly moved: WaitingMessage[] = [];
  private readonly relocated: WaitingMessage[] = [];
  private readonly scheduled: WaitingMessage[] = [];
  private readonly withdrawn: Caller[] = [];
  private readonly voidTimers: TimerKey[] = [];
  private readonly outgoing: { readonly instanceId: string; readonly body: MessageBody }[] = [];

  /** @param before the row that this step changes: as last committed, or as the step before it leaves it */
  constructor(private readonly slot: EntitySlot, private readonly before: EntityRow | null, private readonly context: EntityStepContext) {
    this.lock = before?.lock;
    this.state = before?.state;
    this.attempts = before?.attempts;
  }

  get isEmpty(): boolean {
    return this.taken.length + this.moved.length + this.relocated.length + this.scheduled.length + this.withdrawn.length + this.voidTimers.length === 0 && !this.isRowChanged;
  }

  /** Takes up what needs no code and no turn: unlocks, and signals that are to wait for their time. */
  prepare(now: number): void {
    const { line } = this.slot;
    const { taken, withdrawn, isReleased } = line.takeUnlocks(this.lock);
    for (const entry of taken) this.take(entry);
    this.withdrawn.push(...withdrawn);
    if (isReleased || this.isOrphaned) this.lock = undefined;
    this.schedule(line.takeScheduled(now));
    this.voidTimers.push(...this.slot.voidTimers.splice(0));
  }

  /** Signals of the inbox are to wait in the queue for their time [N7]. */
  schedule(entries: readonly WaitingMessage[]): void {
    this.scheduled.push(...this.inHand(entries));
  }

  /** An operation begins. */
  begin(entry: WaitingMessage): void {
    [this.current] = this.inHand([entry]);
  }

  /** The operation that runs belongs to the next step. */
  suspend(): void {
    this.current = undefined;
  }

  /** Consumes a message. */
  take(entry: WaitingMessage): void {
    this.taken.push(...this.inHand([entry]));
  }

  /** Messages of the inbox are to wait in the queue. From now on, not only when that is written, what comes later is behind them [N4]. */
  move(entries: readonly WaitingMessage[]): void {
    this.moved.push(...this.inHand(entries));
    if (entries.length > 0) this.slot.line.hasRest = true;
  }

  /** Operations that another step has in hand are to be found in the queue, in front of those that are moved there. */
  relocate(entries: readonly WaitingMessage[]): void {
    this.relocated.push(...entries);
  }

  /** The operations of this step, the one that runs included. */
  get inWork(): WaitingMessage[] {
    return [...this.taken, ...(this.current ? [this.current] : [])].filter((entry) => operationOf(entry) !== undefined);
  }

  /** Locks the entity for whoever requests it [L1]. */
  grant(entry: WaitingMessage, holder: Caller): void {
    this.take(entry);
    this.lock = holder;
    this.answer(holder, { type: 'EntityLockGranted', taskId: holder.taskId });
  }

  /** An operation was carried out. @param state as it left it */
  carriedOut(entry: WaitingMessage, outcome: OperationOutcome, state: Serialized): void {
    this.current = undefined;
    this.state = state;
    this.operations += 1;
    this.attempts = undefined;
    if (outcome.kind === 'failed') return this.refuse(entry, outcome.failureDetails);
    this.take(entry);
    for (const action of outcome.actions) this.perform(action);
    const caller = operationOf(entry)?.caller;
    if (caller) this.answer(caller, { type: 'EntityOperationCompleted', taskId: caller.taskId, result: outcome.result });
    this.weight += outcome.result?.length ?? 0;
  }

  /** An operation fails: its caller gets to know, a signaller does not [N5]. */
  refuse(entry: WaitingMessage, failureDetails: FailureDetails): void {
    this.take(entry);
    const { caller, operation = '' } = operationOf(entry) ?? {};
    if (caller) this.answer(caller, { type: 'EntityOperationFailed', taskId: caller.taskId, failureDetails });
    else this.failedSignals.push({ operation, failureDetails });
  }

  /** One more attempt is counted before code runs [Y8]. */
  count(attempts: number): void {
    this.attempts = attempts;
  }

  /** The checkpoint. To be called when it is to be written: message keys are given in that order. */
  build(now: number): { readonly checkpoint: Checkpoint; readonly row: EntityRow | null; readonly isMarked: boolean } {
    const { slot, before, moved } = this;
    const queued = [...this.relocated, ...moved];
    this.isLast = queued.length === 0 && slot.inHand.size === this.taken.length + this.scheduled.length;
    this.now = this.operations > 0 || !before ? Math.max(now, before?.updatedAt ?? 0) : before.updatedAt;
    // Counted attempts alone are no reason to keep a row, when nothing is left to be run.
    if (this.isLast && slot.line.isEmpty && this.attempts === before?.attempts) this.attempts = undefined;
    const row = this.nextRow();
    const scheduled = this.scheduledMessages;
    const mark = entityMark(slot.partition.index, slot.instanceId);
    const isDrained = this.isLast && slot.isMarked && slot.line.isDrained;
    const inbox = [...this.taken, ...queued, ...this.scheduled].filter(({ place }) => place === 'inbox');
    const checkpoint: Checkpoint = {
      ...emptyCheckpoint(slot, inbox.map(({ message }) => ({ kind: 'message', message }))),
      deletedTimers: this.taken.flatMap(({ timer }) => timer ?? []),
      cancelledTimers: [...this.voidTimers, ...(isDrained || queued.length > 0 ? [mark] : [])],
      // Written anew, as marks of parked instances are: there may be one already.
      timers: [...scheduled.map((message) => signalTimer(message, message.dueAt)), ...(queued.length > 0 ? [mark] : [])],
      messages: this.outgoing.map(({ instanceId, body }) => this.message(instanceId, body)),
      entity: {
        row: this.writeOf(row),
        queued: [...queued.map(({ message }) => message), ...scheduled],
        dequeued: this.taken.filter(({ place }) => place === 'queue').map(({ message }) => keyOf(message)),
        withdrawn: this.withdrawn,
      },
    };
    return { checkpoint, row, isMarked: queued.length > 0 || (slot.isMarked && !isDrained) };
  }

  /** What this step has in hand is in the database as it says. */
  committed(now: number): void {
    for (const entry of [...this.taken, ...this.moved, ...this.scheduled]) this.slot.inHand.delete(entry);
    for (const entry of this.relocated) entry.place = 'queue';
    // Not later than others whose time has come meanwhile.
    for (const message of this.scheduledMessages) if (message.dueAt <= now) this.slot.fire(signalTimer(message, message.dueAt));
  }

  /** Whoever had the entity locked has ended [L1]. */
  private get isOrphaned(): boolean {
    const { orphan } = this.slot;
    return orphan !== undefined && this.lock !== undefined && isSameRequest(orphan, this.lock);
  }

  private get scheduledMessages() {
    return this.scheduled.map((entry) => ({ ...entry.message, dueAt: operationOf(entry)!.dueAt! }));
  }

  private get isRowChanged(): boolean {
    const { before, lock, attempts } = this;
    return this.operations > 0 || lock !== before?.lock || attempts !== before?.attempts;
  }

  private nextRow(): EntityRow | null {
    const { before, state, lock, attempts } = this;
    if (!this.isRowChanged && !this.isLast) return before;
    if (state === undefined && !lock && attempts === undefined) return null;
    if (!this.isRowChanged) return before;
    const { partition: { index: partition }, instanceId } = this.slot;
    return { partition, instanceId, state, lock, attempts, updatedAt: this.now, rowVersion: (before?.rowVersion ?? 0) + 1 };
  }

  private writeOf(row: EntityRow | null): EntityWrite['row'] {
    const { before } = this;
    if (row === before) return { kind: 'none' };
    if (!before) return row ? { kind: 'insert', row } : { kind: 'none' };
    return row ? { kind: 'update', row, expected: before } : { kind: 'delete', expected: before };
  }

  private inHand<T extends readonly WaitingMessage[]>(entries: T): T {
    for (const entry of entries) this.slot.inHand.add(entry);
    return entries;
  }

  private answer({ instanceId, executionId }: Caller, event: InputEvent): void {
    this.outgoing.push({ instanceId, body: { type: 'Deliver', executionId, event } });
  }

  private perform(action: EntityAction): void {
    this.weight += 200 + (action.input?.length ?? 0);
    if (action.type === 'signal') {
      const { operation, input, scheduledTime: dueAt } = action;
      this.outgoing.push({ instanceId: action.entityId, body: { type: 'EntityOperation', operation, input, dueAt } });
      return;
    }
    const { instanceId, isNewId, name, version = this.context.defaultVersion(name), input, tags, startAt } = action;
    const executionId = this.context.newExecutionId();
    this.outgoing.push({ instanceId, body: { type: 'CreateInstance', executionId, name, version, input, tags, startAt, onConflict: 'replaceFinished', isNewId } });
  }

  private message(instanceId: string, body: MessageBody): InboxMessage {
    const { keys, index } = this.slot.partition;
    return { partition: partitionOf(instanceId, this.context.partitionCount()), key: keys.next(), sender: index, instanceId, body };
  }
}

function keyOf({ partition, instanceId, key, sender, dueAt }: QueuedMessage) {
  return { partition, instanceId, key, sender, dueAt };
}

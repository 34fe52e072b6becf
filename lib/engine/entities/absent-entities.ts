import { UnknownHandlerError } from '../../core/errors.js';
import { failureDetailsOf } from '../../core/failure-details.js';
import type { HandlerList } from '../../storage/store.js';
import type { HandlerRef } from '../handler-sets.js';
import type { ParkedWork } from '../parked-work.js';
import type { Partition } from '../partition.js';
import { isSameRequest, operationOf, type WaitingMessage } from './entity-line.js';
import type { EntitySlot } from './entity-slot.js';
import type { EntityStep } from './entity-step.js';

export interface AbsentEntitiesPort {
  readonly parked: ParkedWork;
  /** Whether the partition is on its way to a worker that has this entity. */
  handsOver(partition: Partition, ref: HandlerRef): boolean;
  /** Whether a live worker has it, as the last heartbeat saw them. */
  isElsewhere(name: string): boolean;
  /** Whether partitions can go to other workers while this process lives. */
  sharesPartitions(): boolean;
  /** What the live workers have, this process included, as the last heartbeat saw them. */
  handlers(): readonly HandlerList[];
  /** Looks who lives now. */
  refreshWorkers(): Promise<void>;
}

/** Entities whose code this process lacks: the partition goes to a worker that has it; where nobody has, calls fail [N7] and signals wait [Y6]. */
export class AbsentEntities {
  constructor(private readonly port: AbsentEntitiesPort) {}

  /**
   * Takes up what waits for such an entity.
   * @returns `left`: as it is, for another worker; `done`: there may be more in its queue; `absent`: what is there waits
   */
  async takeUp(slot: EntitySlot, step: EntityStep): Promise<'left' | 'done' | 'absent'> {
    const { partition, instanceId } = slot;
    const ref: HandlerRef = { kind: 'entity', name: slot.entityId.name };
    if (this.port.handsOver(partition, ref)) return 'left';
    // A worker that began after the last heartbeat would be overlooked.
    if (!partition.parked.has(instanceId)) await this.port.refreshWorkers();
    if (this.port.handsOver(partition, ref)) return 'left';
    if (this.port.isElsewhere(ref.name)) {
      if (!this.port.sharesPartitions()) this.port.parked.add(partition, instanceId, ref);
      return 'left';
    }
    const hasMore = slot.line.hasRest;
    const { waiting, isShorter } = this.distribute(slot, step, ref.name);
    if (waiting > 0) this.port.parked.add(partition, instanceId, ref);
    return hasMore && isShorter ? 'done' : 'absent';
  }

  /** Answers how many messages wait on, and whether some of the queue do not. Locks need no code, but keep their place in the order. */
  private distribute({ line }: EntitySlot, step: EntityStep, name: string) {
    const names = [...new Set(this.port.handlers().flatMap(({ entities }) => entities))].sort();
    const failureDetails = failureDetailsOf(new UnknownHandlerError('entity', name, names));
    const waiting: WaitingMessage[] = [];
    const all = line.takeAll();
    for (const entry of all) {
      const { body } = entry.message;
      if (operationOf(entry)?.caller) step.refuse(entry, failureDetails);
      else if (body.type === 'LockEntity' && (step.lock ? isSameRequest(step.lock, body.holder) : waiting.length === 0)) step.grant(entry, body.holder);
      else waiting.push(entry);
    }
    // What lies in the queue stays there.
    const inQueue = (entries: readonly WaitingMessage[]) => entries.filter(({ place }) => place === 'queue').length;
    const isShorter = inQueue(waiting) < inQueue(all);
    line.hasRest ||= inQueue(waiting) > 0;
    step.move(waiting.filter(({ place }) => place === 'inbox'));
    return { waiting: waiting.length, isShorter };
  }
}

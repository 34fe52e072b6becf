import type { EntitySlot } from './entity-slot.js';
import { isOfHolder } from './entity-line.js';
import { EntityStep, type EntityStepContext } from './entity-step.js';
import type { EntityWriter } from './entity-writer.js';

/** Messages of one entity that may wait in the inbox. */
const MAX_IN_INBOX = 100;

export interface EntityOverflowPort {
  readonly context: EntityStepContext;
  readonly writer: EntityWriter;
  /** Engine time, epoch ms. */
  now(): number;
  /** A step was written, or dropped, while nothing else of the entity was at work. */
  moved(slot: EntitySlot): void;
}

/**
 * Moves what an entity cannot take up for long, because it is locked or its operation does not end, from the inbox to its
 * queue: memory holds a bounded prefix of the inbox, and nothing behind it would be seen. The entity's row is not touched.
 */
export class EntityOverflow {
  constructor(private readonly port: EntityOverflowPort) {}

  /** Looks whether messages of the entity, which cannot be taken up now, are to be moved. */
  check(slot: EntitySlot): void {
    const { partition, line } = slot;
    if (slot.row === undefined || slot.writing || slot.dropped || partition.state !== 'owned' || line.inboxLength === 0) return;
    if (line.inboxLength > MAX_IN_INBOX || partition.isCrowded) void this.move(slot);
  }

  private async move(slot: EntitySlot): Promise<void> {
    const { line, lock } = slot;
    const now = this.port.now();
    const step = new EntityStep(slot, slot.row ?? null, this.port.context);
    step.schedule(line.takeScheduled(now));
    const movable = line.takeMovable(lock);
    const inWork = movable.length > 0 && slot.step ? slot.step.inWork : [];
    // What is at work goes with them: were the process to die, it would come behind what is moved now.
    step.relocate(inWork.filter((entry) => entry.place === 'inbox' && !isOfHolder(entry, lock)));
    step.move(movable);
    if (step.isEmpty) return;
    await this.port.writer.write(slot, step);
    this.port.moved(slot);
  }
}

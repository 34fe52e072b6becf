import type { Checkpoint } from '../../storage/store.js';
import type { DurableLogger } from '../../core/logger.js';
import type { Committer } from '../committer.js';
import type { EntityCounts } from '../metrics.js';
import type { Partition } from '../partition.js';
import type { EntitySlot } from './entity-slot.js';
import type { EntityStep } from './entity-step.js';

export interface EntityWriterPort {
  readonly log: DurableLogger;
  readonly committer: Committer;
  readonly metrics: EntityCounts;
  /** Engine time, epoch ms. */
  now(): number;
  /** What a commit has brought about. */
  effects(partition: Partition, checkpoint: Checkpoint): void;
}

/** Hands the steps of entities to the committer, of each entity one at a time (I1). */
export class EntityWriter {
  constructor(private readonly port: EntityWriterPort) {}

  /** Resolves when the step is written, or was dropped: then the slot says why, also when an earlier one was. */
  async write(slot: EntitySlot, step: EntityStep): Promise<void> {
    while (slot.writing) await slot.writing;
    if (slot.dropped) return;
    slot.writing = this.submit(slot, step);
    await slot.writing;
  }

  private submit(slot: EntitySlot, step: EntityStep): Promise<void> {
    const { partition } = slot;
    const { checkpoint, row, isMarked } = step.build(this.port.now());
    partition.checkpointBegun();
    return new Promise((resolve) => {
      const end = () => {
        slot.writing = undefined;
        partition.checkpointEnded();
        resolve();
      };
      this.port.committer.submit({
        partition,
        checkpoint,
        committed: () => {
          slot.row = row;
          slot.isMarked = isMarked;
          step.committed(this.port.now());
          partition.consumed(checkpoint.consumedMessages);
          this.port.metrics.operations += step.operations;
          this.port.metrics.steps += 1;
          this.tellOfFailures(slot, step);
          try {
            this.port.effects(partition, checkpoint);
          } finally {
            end();
          }
        },
        dropped: (reason, error) => {
          slot.dropped = { reason, error };
          end();
        },
      });
    });
  }

  private tellOfFailures({ instanceId }: EntitySlot, { failedSignals }: EntityStep): void {
    for (const { operation, failureDetails: { errorType, errorMessage, stackTrace } } of failedSignals) {
      this.port.log.error(`The signal '${operation}' of entity '${instanceId}' failed; its state is as before. ${errorType}: ${errorMessage}`, stackTrace);
    }
  }
}

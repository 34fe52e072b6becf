/**
 * What comes before an instance's code when the worker before this one may have died of it [Y8]: its row is looked at, without
 * its history, and one more attempt is counted by a commit of its own. After the second attempt an instance is a suspect, and
 * is counted and run only while nothing else of this process runs; after `maxDispatchCount` its code does not run any more.
 */
import { PoisonMessageError } from '../core/errors.js';
import { failureDetailsOf } from '../core/failure-details.js';
import type { FailureDetails } from '../core/failure.js';
import { isFinished } from '../core/history.js';
import { PARK_TIMER, PARKED_SINCE, type DurableStore, type InstanceRow } from '../storage/store.js';
import { isBacklog } from './backlog.js';
import type { Clock } from './clock.js';
import type { InstanceSlot, PendingInput } from './instance-slot.js';
import type { Partition } from './partition.js';
import { LoadQueue } from './load-queue.js';
import { mayRewind } from './rewinding.js';
import type { StoreHealth } from './store-health.js';

export type Admitted =
  /** Nothing is to be counted. */
  | { readonly kind: 'passed' }
  /** The row with one attempt more is to be written. */
  | { readonly kind: 'counted'; readonly row: InstanceRow; readonly counted: InstanceRow }
  /** It is to be admitted again when nothing else runs. */
  | { readonly kind: 'suspect' }
  | { readonly kind: 'poison'; readonly failure: FailureDetails };

export interface AdmissionPort {
  readonly store: Pick<DurableStore, 'getInstances'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly maxDispatchCount: number;
  /** Whether this process has the orchestrator. */
  hasCodeOf(row: InstanceRow): boolean;
  /** Whether nothing else of this process runs. */
  isAlone(slot: InstanceSlot): boolean;
  /** Called once for each slot that was added. */
  admitted(slot: InstanceSlot, outcome: Admitted): void;
}

export class Admission {
  /** With inputs that were there when a worker died; until they have been taken up. */
  private readonly concerned = new Set<InstanceSlot>();
  private readonly queue: LoadQueue<InstanceSlot>;

  constructor(private readonly port: AdmissionPort) {
    const { clock, health } = port;
    this.queue = new LoadQueue({
      clock, health,
      load: (slots) => this.look(slots),
      // To load it fails as well, which says so.
      failed: (slot) => port.admitted(slot, { kind: 'passed' }),
    });
  }

  /** An input is in the slot's queue. */
  noticed(slot: InstanceSlot, input: PendingInput): void {
    if (isBacklog(slot.partition, input)) this.concerned.add(slot);
  }

  /** Whether the slot is to be added before its next turn. */
  concerns(slot: InstanceSlot): boolean {
    return slot.admission === undefined && this.concerned.has(slot);
  }

  /** Whether instances that a worker may have died of are still to be run. */
  get isWanted(): boolean {
    return this.concerned.size > 0;
  }

  /** A checkpoint of the slot is written. @param isCount it only counted: the episode is still to come */
  committed(slot: InstanceSlot, isCount: boolean): void {
    slot.admission = isCount ? 'counted' : undefined;
    slot.poison = undefined;
    if (isCount || !this.concerned.has(slot)) return;
    if (!slot.queue.some((input) => isBacklog(slot.partition, input))) this.concerned.delete(slot);
  }

  /** Nothing of the slot is left. */
  forget(slot: InstanceSlot): void {
    this.concerned.delete(slot);
  }

  /** Whether the code of the instance has to wait until nothing else runs. */
  isToWait(slot: InstanceSlot, row: InstanceRow): boolean {
    return !slot.poison && this.isSuspect(row.attempts) && isToGoOn(slot, row) && this.port.hasCodeOf(row) && !this.port.isAlone(slot);
  }

  add(slot: InstanceSlot): void {
    this.queue.add(slot);
  }

  /** Looks at what was added since, together. */
  start(): void {
    this.queue.start();
  }

  stop(): void {
    this.queue.stop();
  }

  private isSuspect(attempts = 0): boolean {
    return attempts >= Math.min(2, this.port.maxDispatchCount);
  }

  private async look(slots: readonly InstanceSlot[]): Promise<number> {
    const rows = await this.port.store.getInstances(slots.map(({ partition, instanceId }) => ({ partition: partition.index, instanceId })));
    const byId = new Map(rows.map((row) => [row.instanceId, row]));
    for (const slot of slots) this.port.admitted(slot, this.admit(slot, byId.get(slot.instanceId)));
    return slots.length;
  }

  private admit(slot: InstanceSlot, row: InstanceRow | undefined): Admitted {
    // What is to be created is counted by its creation.
    if (!row || !isToGoOn(slot, row) || (isParked(slot.partition, row) && !this.port.hasCodeOf(row))) return { kind: 'passed' };
    const { maxDispatchCount } = this.port;
    const attempts = (row.attempts ?? 0) + 1;
    if (attempts > maxDispatchCount) return { kind: 'poison', failure: failureDetailsOf(poisonError(row, maxDispatchCount)) };
    if (this.isSuspect(attempts) && this.port.hasCodeOf(row) && !this.port.isAlone(slot)) return { kind: 'suspect' };
    return { kind: 'counted', row, counted: { ...row, attempts, rowVersion: row.rowVersion + 1 } };
  }
}

function isToGoOn({ queue }: InstanceSlot, { status }: InstanceRow): boolean {
  return !isFinished(status) || (status === 'Failed' && queue.some(mayRewind));
}

/** What came for a parked instance was only recorded: a worker that has its orchestrator takes the mark away before it runs it [Y6]. */
function isParked({ parked, timers }: Partition, { instanceId, executionId }: InstanceRow): boolean {
  return parked.has(instanceId) || timers.has({ executionId, taskId: PARK_TIMER, fireAt: PARKED_SINCE });
}

function poisonError({ name, version, instanceId, attempts = 0 }: InstanceRow, maxDispatchCount: number): PoisonMessageError {
  const orchestrator = version === undefined ? `'${name}'` : `'${name}' version '${version}'`;
  // The first time was not counted: nothing had died of it yet.
  return new PoisonMessageError(`Orchestrator ${orchestrator} of instance '${instanceId}'`, attempts + 1, maxDispatchCount);
}

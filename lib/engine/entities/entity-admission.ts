/**
 * What comes before an entity's code when the worker before this one may have died of it [Y8], as {@link Admission} does it for
 * instances: one more attempt is counted by a commit of its own. From the second attempt on its operations run one by one and
 * while nothing else of this process runs; after `maxDispatchCount` the first of them fails without running.
 */
import { PoisonMessageError } from '../../core/errors.js';
import { failureDetailsOf } from '../../core/failure-details.js';
import { isEntityBacklog } from '../backlog.js';
import { operationOf, type WaitingMessage } from './entity-line.js';
import type { EntitySlot } from './entity-slot.js';

export type EntityAdmitted =
  | { readonly kind: 'passed' }
  /** This number of attempts is to be written first. */
  | { readonly kind: 'counted'; readonly attempts: number }
  /** It is to be admitted again when nothing else runs. */
  | { readonly kind: 'suspect' };

export interface EntityAdmissionPort {
  readonly maxDispatchCount: number;
  /** Whether nothing else of this process runs. */
  isAlone(slot: EntitySlot): boolean;
}

export class EntityAdmission {
  constructor(private readonly port: EntityAdmissionPort) {}

  /** @param next the operation that comes next */
  admit(slot: EntitySlot, next: WaitingMessage): EntityAdmitted {
    if (slot.admission || !isOld(slot, next)) return { kind: 'passed' };
    const { maxDispatchCount } = this.port;
    const hasDied = isEntityBacklog(slot.partition, next);
    const attempts = (slot.row?.attempts ?? 0) + (hasDied ? 1 : 0);
    const isSuspect = attempts >= Math.min(2, maxDispatchCount);
    slot.isCareful ||= isSuspect;
    if (attempts > maxDispatchCount) {
      const what = `Operation '${operationOf(next)?.operation}' of entity '${slot.instanceId}'`;
      // The first time was not counted: nothing had died of it yet.
      slot.admission = failureDetailsOf(new PoisonMessageError(what, attempts, maxDispatchCount));
      return { kind: 'passed' };
    }
    if (isSuspect && !this.port.isAlone(slot)) return { kind: 'suspect' };
    if (hasDied) return { kind: 'counted', attempts };
    slot.admission = 'counted';
    return { kind: 'passed' };
  }

  /** Whether the operation may run now. @param isFirst no other has run since the last step */
  mayRun(slot: EntitySlot, next: WaitingMessage, isFirst: boolean): boolean {
    if (!isFirst && slot.oneByOne > 0) return false;
    return !isOld(slot, next) || (slot.admission !== undefined && (isFirst || !slot.isCareful));
  }
}

/** Whether its worker may die of the message: it was there when another one died, or that was counted by one that has given the partition away since. */
function isOld(slot: EntitySlot, next: WaitingMessage): boolean {
  return slot.row?.attempts !== undefined || isEntityBacklog(slot.partition, next);
}

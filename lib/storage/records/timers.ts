/** Timers of orchestrations, and of instances that are to be looked at later. */
import type { InstanceKey } from './instances.js';

export interface TimerKey {
  readonly fireAt: number;
  readonly executionId: string;
  /** Task id of the timer; {@link START_TIMER} for an instance that starts later. */
  readonly taskId: number;
}

export const START_TIMER = -1;
/** Task id of what wakes an entity for a signal that waits in its queue for its time [N7]. */
export const ENTITY_SIGNAL_TIMER = -3;
/**
 * Task id of what marks an instance that waits for a worker with its orchestrator [Y6], and an entity in whose queue messages wait;
 * due at {@link PARKED_SINCE}, so always.
 */
export const PARK_TIMER = -2;
export const PARKED_SINCE = 0;

export interface TimerRow extends TimerKey, InstanceKey {}

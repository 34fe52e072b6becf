/** Timers of orchestrations, and of instances that are to be looked at later. */
import type { InstanceKey } from './instances.js';

export interface TimerKey {
  readonly fireAt: number;
  readonly executionId: string;
  /** Task id of the timer; {@link START_TIMER} for an instance that starts later. */
  readonly taskId: number;
}

export const START_TIMER = -1;
/** Task id of what marks an instance that waits for a worker with its orchestrator [Y6]; due at {@link PARKED_SINCE}, so always. */
export const PARK_TIMER = -2;
export const PARKED_SINCE = 0;

export interface TimerRow extends TimerKey, InstanceKey {}

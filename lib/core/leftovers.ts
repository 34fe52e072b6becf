import type { InputEvent, OutputEvent } from './history.js';

/**
 * What the end of an execution leaves to be cleared away: rows of timers, sub-orchestrations, locks. There are thousands of executions
 * in memory, and most have none of a kind.
 */
export class Leftovers {
  /** Fire times of the timers of earlier episodes that have neither fired nor been cancelled. */
  private timers: Map<number, number> | undefined;
  /** Ids, as history holds them, of the sub-orchestrations of earlier episodes that have not ended. */
  private children: Map<number, string> | undefined;
  /** Ids, by lock task id, of the entities whose locks were requested in earlier episodes and not given back. */
  private locks: Map<number, string> | undefined;

  /** Task ids of the timers that have rows. */
  get timerIds(): readonly number[] {
    return [...(this.timers?.keys() ?? [])];
  }

  /** Ids of the sub-orchestrations that exist and have not ended. */
  get openChildren(): readonly string[] {
    return [...new Set(this.children?.values())];
  }

  /** Lock task ids, with the ids of the entities. */
  get heldLocks(): Iterable<readonly [number, string]> {
    return this.locks ?? [];
  }

  /** An action is done: it is to be cleared away at the end from now on, or something else no longer. */
  note(output: OutputEvent): void {
    switch (output.type) {
      case 'TimerCreated':
        this.addTimer(output.taskId, output.fireAt);
        break;
      case 'SubOrchestrationInstanceCreated':
        (this.children ??= new Map()).set(output.taskId, output.instanceId);
        break;
      case 'EntityLockRequested':
        (this.locks ??= new Map()).set(output.taskId, output.entityId);
        break;
      case 'EntityUnlockSent':
        this.locks?.delete(output.lockTaskId);
        break;
      default:
    }
  }

  addTimer(taskId: number, fireAt: number): void {
    (this.timers ??= new Map()).set(taskId, fireAt);
  }

  /** Its row is to be deleted. @returns its fire time, if it has a row */
  dropTimer(taskId: number): number | undefined {
    const fireAt = this.timers?.get(taskId);
    if (fireAt !== undefined) this.timers!.delete(taskId);
    return fireAt;
  }

  /** A timer that has come in has no row any more, and a sub-orchestration that has answered is over, whether or not this episode takes it up. */
  forgetAnswered(inputs: readonly InputEvent[]): void {
    for (const event of inputs) {
      if (event.type === 'TimerFired') this.timers?.delete(event.taskId);
      else if (event.type === 'SubOrchestrationInstanceCompleted' || event.type === 'SubOrchestrationInstanceFailed') this.children?.delete(event.taskId);
    }
  }
}

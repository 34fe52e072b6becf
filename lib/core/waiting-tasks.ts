/** Timers and waits for external events. */
import { TaskTimeoutError } from './errors.js';
import type { ExecutionScope } from './execution-scope.js';
import type { EventWaiter } from './external-events.js';
import type { Serialized } from './history.js';
import { TaskBase } from './task-base.js';
import type { EventTask, TimerTask } from './task.js';

/** A timer of the code [T1, T2]. */
export class CodeTimer extends TaskBase<void> implements TimerTask {
  private readonly taskId: number;

  constructor(
    private readonly scope: ExecutionScope,
    readonly fireAt: number,
  ) {
    super(scope, 'timer');
    this.taskId = scope.actions.addTimer(fireAt, () => this.succeed());
  }

  cancel(): void {
    this.scope.assertRunningCode('timer.cancel()');
    if (this.scope.continuation || !this.cancelIfOpen()) return;
    this.scope.actions.cancelTimer(this.taskId);
  }
}

/** A wait for an external event, which takes an id only for the timer of its time-out [E1–E3]. */
export class EventWait extends TaskBase<unknown> implements EventTask<unknown>, EventWaiter {
  private timer: number | undefined;

  constructor(
    private readonly scope: ExecutionScope,
    private readonly name: string,
  ) {
    super(scope, `wait for event '${name}'`);
  }

  /** Ends the wait at this time. */
  limitTo(fireAt: number, timedOut: () => void): void {
    this.timer = this.scope.actions.addTimer(fireAt, () => {
      this.timer = undefined;
      timedOut();
    });
  }

  /** How a wait ends whose time is over. */
  timeOut(timeout: number): void {
    const { instanceId } = this.scope.options;
    this.fail(new TaskTimeoutError(`Event '${this.name}' did not reach instance '${instanceId}' within ${timeout} ms.`));
  }

  receive(data: Serialized): void {
    this.dropTimer();
    this.succeedWith(data);
  }

  cancel(): void {
    this.scope.assertRunningCode('task.cancel()');
    if (this.scope.continuation || !this.cancelIfOpen()) return;
    this.dropTimer();
  }

  private dropTimer(): void {
    if (this.timer === undefined) return;
    this.scope.actions.cancelTimer(this.timer);
    this.timer = undefined;
  }
}

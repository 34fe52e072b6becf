import type { FailureDetails } from './failure.js';
import type {
  InputEvent,
  OutputEvent,
  Serialized,
  SubOrchestrationInstanceCompleted,
  SubOrchestrationInstanceFailed,
  TaskCompleted,
  TaskFailed,
  TimerFired,
} from './history.js';

/** A call that waits for its answer. */
export interface OpenCall {
  readonly kind: 'activity' | 'sub-orchestration';
  complete(result: Serialized): void;
  attemptFailed(details: FailureDetails): void;
}

/** A timer that has not fired. */
export interface OpenTimer {
  readonly kind: 'timer';
  fire(): void;
}

/** A timer whose row is no longer wanted. */
export interface CancelledTimer {
  readonly taskId: number;
  readonly fireAt: number;
}

export type AnswerEvent = TaskCompleted | TaskFailed | SubOrchestrationInstanceCompleted | SubOrchestrationInstanceFailed | TimerFired;

/**
 * The actions of one execution: their numbers in program order [Y1], what this episode added, what still waits for an
 * answer, and which timers have rows in the database.
 */
export class ActionLog {
  nextTaskId = 0;
  private readonly open = new Map<number, OpenCall | OpenTimer>();
  /** Fire times of the timers of earlier episodes that have neither fired nor been cancelled. */
  private readonly timerRows = new Map<number, number>();
  private outputs: OutputEvent[] = [];
  private cancelled: CancelledTimer[] = [];
  private limit = Infinity;

  /** @param limit actions that the episode may have [O14] */
  beginEpisode(inputs: readonly InputEvent[], limit: number): void {
    this.outputs = [];
    this.cancelled = [];
    this.limit = limit;
    // A timer that has come in has no row any more, whether or not it is taken up in this episode.
    for (const event of inputs) if (event.type === 'TimerFired') this.timerRows.delete(event.taskId);
  }

  get episodeOutputs(): readonly OutputEvent[] {
    return this.outputs;
  }

  get isFull(): boolean {
    return this.outputs.length >= this.limit;
  }

  /** Forgets what this episode did: nothing of a runaway loop is to be performed. */
  discardEpisode(): void {
    for (const output of this.outputs) this.open.delete(output.taskId);
    this.outputs = [];
  }

  /** Adds an action, which has taken `nextTaskId`. */
  add(output: OutputEvent, open?: OpenCall | OpenTimer): void {
    this.nextTaskId += 1;
    this.outputs.push(output);
    if (open) this.open.set(output.taskId, open);
  }

  addTimer(fireAt: number, fire: () => void): number {
    const taskId = this.nextTaskId;
    this.add({ type: 'TimerCreated', taskId, fireAt }, { kind: 'timer', fire });
    return taskId;
  }

  cancelTimer(taskId: number): void {
    this.open.delete(taskId);
    this.dropRow(taskId);
  }

  /** Hands an answer to whoever waits for it; answers false when nobody does [Y3]. */
  answer(event: AnswerEvent): boolean {
    const action = this.open.get(event.taskId);
    if (!action || action.kind !== ANSWERED_KIND[event.type]) return false;
    this.open.delete(event.taskId);
    if (action.kind === 'timer') action.fire();
    else if ('failureDetails' in event) action.attemptFailed(event.failureDetails);
    else if ('result' in event) action.complete(event.result);
    else action.complete(undefined);
    return true;
  }

  /**
   * Ends the episode: the timers that it created and left open have rows from now on.
   * @param recorded the outputs as history holds them: rows carry the fire times of the first run
   */
  endEpisode(recorded: readonly OutputEvent[] = this.outputs): void {
    for (const output of recorded) {
      if (output.type === 'TimerCreated' && this.open.has(output.taskId)) this.timerRows.set(output.taskId, output.fireAt);
    }
  }

  /** The timers of this episode that are still wanted, with all else that it did. */
  outputsToPerform(): OutputEvent[] {
    return this.outputs.filter((output) => output.type !== 'TimerCreated' || this.open.has(output.taskId));
  }

  /** Ends the execution: no timer is wanted any more. */
  closeTimers(): void {
    for (const taskId of [...this.timerRows.keys()]) this.dropRow(taskId);
  }

  /** Timers of earlier episodes that this one cancelled. */
  get cancelledTimers(): readonly CancelledTimer[] {
    return this.cancelled;
  }

  /** Takes the rows of a recorded episode as they are, when the code cannot be trusted to have made the same. */
  adoptRecorded(inputs: readonly InputEvent[], outputs: readonly OutputEvent[]): void {
    for (const { taskId, fireAt } of this.cancelled) this.timerRows.set(taskId, fireAt);
    this.cancelled = [];
    for (const event of inputs) if (event.type === 'TimerFired') this.timerRows.delete(event.taskId);
    for (const output of outputs) if (output.type === 'TimerCreated') this.timerRows.set(output.taskId, output.fireAt);
  }

  private dropRow(taskId: number): void {
    const fireAt = this.timerRows.get(taskId);
    if (fireAt === undefined) return;
    this.timerRows.delete(taskId);
    this.cancelled.push({ taskId, fireAt });
  }
}

const ANSWERED_KIND = {
  TaskCompleted: 'activity',
  TaskFailed: 'activity',
  SubOrchestrationInstanceCompleted: 'sub-orchestration',
  SubOrchestrationInstanceFailed: 'sub-orchestration',
  TimerFired: 'timer',
} as const;

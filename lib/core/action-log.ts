import type { RecordedEpisode } from './episodes.js';
import type { FailureDetails } from './failure.js';
import type { AnswerEvent, InputEvent, OutputEvent, Serialized } from './history.js';
import { Leftovers } from './leftovers.js';
import { TakenBackActions } from './taken-back-actions.js';

/** A call that waits for its answer. */
export interface OpenCall {
  readonly kind: 'activity' | 'sub-orchestration' | 'entity call';
  complete(result: Serialized): void;
  attemptFailed(details: FailureDetails): void;
}

/** A timer that has not fired. */
export interface OpenTimer {
  readonly kind: 'timer';
  fire(): void;
}

/** A request for the lock of an entity that has not been granted. */
export interface OpenLock {
  readonly kind: 'lock';
  granted(): void;
}

type OpenAction = OpenCall | OpenTimer | OpenLock;

/** A timer whose row is no longer wanted. */
export interface CancelledTimer {
  readonly taskId: number;
  readonly fireAt: number;
}

/**
 * The actions of one execution: their numbers in program order [Y1], what this episode added, what still waits for an
 * answer, and what an end of the execution leaves to be cleared away.
 */
export class ActionLog {
  nextTaskId = 0;
  /** How many sub-orchestrations have not answered. */
  openSubOrchestrations = 0;
  private readonly open = new Map<number, OpenAction>();
  private readonly leftovers = new Leftovers();
  private readonly takenBack = new TakenBackActions();
  private outputs: OutputEvent[] = [];
  private cancelled: CancelledTimer[] = [];
  private limit = Infinity;

  /** @param limit actions that the episode may have [O14] */
  beginEpisode(limit: number): void {
    this.outputs = [];
    this.cancelled = [];
    this.takenBack.beginEpisode();
    this.limit = limit;
  }

  get episodeOutputs(): readonly OutputEvent[] {
    return this.outputs;
  }

  get isFull(): boolean {
    return this.outputs.length >= this.limit;
  }

  /** How many actions have not been answered. */
  get openCount(): number {
    return this.open.size;
  }

  /** Forgets what this episode did: nothing of a runaway loop is to be performed. */
  discardEpisode(): void {
    for (const output of this.outputs) this.close(output.taskId);
    this.dropOutputs();
  }

  /**
   * Adds an action.
   * @param output with the number `nextTaskId`
   * @returns its number: another one when it is a recorded action that a rewind has taken back
   */
  add(output: OutputEvent, open?: OpenAction): number {
    const taskId = this.takenBack.take(output) ?? this.addNew(output);
    if (!open) return taskId;
    this.open.set(taskId, open);
    if (open.kind === 'sub-orchestration') this.openSubOrchestrations += 1;
    return taskId;
  }

  addTimer(fireAt: number, fire: () => void): number {
    return this.add({ type: 'TimerCreated', taskId: this.nextTaskId, fireAt }, { kind: 'timer', fire });
  }

  cancelTimer(taskId: number): void {
    this.close(taskId);
    this.dropRow(taskId);
  }

  /** Hands an answer to whoever waits for it; answers false when nobody does, nor will [Y3]. */
  answer(event: AnswerEvent): boolean {
    const action = this.open.get(event.taskId);
    if (!action) return this.takenBack.keep(event);
    if (action.kind !== ANSWERED_KIND[event.type]) return false;
    this.close(event.taskId);
    if (action.kind === 'timer') action.fire();
    else if (action.kind === 'lock') action.granted();
    else if ('failureDetails' in event) action.attemptFailed(event.failureDetails);
    else if ('result' in event) action.complete(event.result);
    else action.complete(undefined);
    return true;
  }

  /**
   * Ends the episode: the timers that it created and left open have rows from now on, its sub-orchestrations are created, and its
   * requests for locks are sent.
   * @param recorded the outputs as history holds them: rows carry the fire times of the first run
   */
  endEpisode(recorded: readonly OutputEvent[] = this.outputs): void {
    for (const output of recorded) if (output.type !== 'TimerCreated' || this.open.has(output.taskId)) this.leftovers.note(output);
  }

  /** The timers of this episode that are still wanted, with all else that it did. */
  outputsToPerform(): OutputEvent[] {
    return this.outputs.filter((output) => output.type !== 'TimerCreated' || this.open.has(output.taskId));
  }

  /** Ends the execution: no timer is wanted any more, and what it has locked, or asked to lock, is given back [L1]. */
  endExecution(): void {
    for (const taskId of this.leftovers.timerIds) this.dropRow(taskId);
    const released = new Set(this.outputs.map((output) => (output.type === 'EntityUnlockSent' ? output.lockTaskId : undefined)));
    for (const [lockTaskId, entityId] of this.leftovers.heldLocks) {
      if (!released.has(lockTaskId)) this.addNew({ type: 'EntityUnlockSent', taskId: this.nextTaskId, entityId, lockTaskId });
    }
  }

  /** Ids of the sub-orchestrations that exist and have not ended. */
  get openChildren(): readonly string[] {
    return this.leftovers.openChildren;
  }

  /** Timers of earlier episodes that this one cancelled. */
  get cancelledTimers(): readonly CancelledTimer[] {
    return this.cancelled;
  }

  /** Begins to take back what these actions were: the code may do them again, with their numbers, and what else it does is new [K8]. */
  takeBack(outputs: readonly OutputEvent[]): void {
    this.takenBack.begin(outputs);
    this.nextTaskId += outputs.length;
    for (const output of outputs) if (output.type === 'SubOrchestrationInstanceCreated') this.leftovers.note(output);
  }

  /** The code has run over all that is taken back. */
  endTakeBack(outputs: readonly OutputEvent[]): void {
    this.takenBack.end();
    for (const output of outputs) if (output.type === 'TimerCreated' && this.open.has(output.taskId)) this.leftovers.note(output);
  }

  /** Whether the code does again what was recorded, and has not left that way. */
  get isRepeating(): boolean {
    return this.outputs.length === 0 && this.takenBack.isRepeating;
  }

  /** @see TakenBackActions.repeated */
  get repeatedOutputs(): readonly OutputEvent[] {
    return this.takenBack.repeated;
  }

  /** @see TakenBackActions.nextEarlyAnswer */
  nextEarlyAnswer(): AnswerEvent | undefined {
    return this.takenBack.nextEarlyAnswer();
  }

  /** The actions among these that wait for an answer, in the order of their numbers. */
  openAmong(recorded: ReadonlyMap<number, OutputEvent>): OutputEvent[] {
    return [...this.open.keys()].sort((a, b) => a - b).flatMap((taskId) => recorded.get(taskId) ?? []);
  }

  /** Takes a recorded episode as it is, in place of what the code did, which cannot be trusted to have made the same. */
  adoptRecorded({ inputs, outputs, completion, takenBack }: Omit<RecordedEpisode, 'timestamp'>): void {
    this.dropOutputs();
    for (const { taskId, fireAt } of this.cancelled) this.leftovers.addTimer(taskId, fireAt);
    this.cancelled = [];
    for (const episode of takenBack?.episodes ?? []) this.adoptRecorded(episode);
    this.forgetAnswered(inputs);
    for (const output of outputs) {
      this.nextTaskId = Math.max(this.nextTaskId, output.taskId + 1);
      // Requests of the episode in which the execution ended were not sent.
      if (output.type !== 'EntityLockRequested' || !completion) this.leftovers.note(output);
    }
  }

  /** @see Leftovers.forgetAnswered */
  forgetAnswered(inputs: readonly InputEvent[]): void {
    this.leftovers.forgetAnswered(inputs);
  }

  private addNew(output: OutputEvent): number {
    this.nextTaskId += 1;
    this.outputs.push(output);
    return output.taskId;
  }

  private dropOutputs(): void {
    this.nextTaskId -= this.outputs.length;
    this.outputs = [];
  }

  private close(taskId: number): void {
    if (this.open.get(taskId)?.kind === 'sub-orchestration') this.openSubOrchestrations -= 1;
    this.open.delete(taskId);
  }

  private dropRow(taskId: number): void {
    const fireAt = this.leftovers.dropTimer(taskId);
    if (fireAt !== undefined) this.cancelled.push({ taskId, fireAt });
  }
}

const ANSWERED_KIND = {
  TaskCompleted: 'activity',
  TaskFailed: 'activity',
  SubOrchestrationInstanceCompleted: 'sub-orchestration',
  SubOrchestrationInstanceFailed: 'sub-orchestration',
  EntityOperationCompleted: 'entity call',
  EntityOperationFailed: 'entity call',
  EntityLockGranted: 'lock',
  TimerFired: 'timer',
} as const;

import type { RecordedEpisode } from './episodes.js';
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
import { RecordedActions } from './recorded-actions.js';

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
  /** How many sub-orchestrations have not answered. */
  openSubOrchestrations = 0;
  private readonly open = new Map<number, OpenCall | OpenTimer>();
  /** Fire times of the timers of earlier episodes that have neither fired nor been cancelled. */
  private readonly timerRows = new Map<number, number>();
  /** Ids, as history holds them, of the sub-orchestrations of earlier episodes that have not ended. */
  private readonly children = new Map<number, string>();
  private outputs: OutputEvent[] = [];
  private cancelled: CancelledTimer[] = [];
  private limit = Infinity;
  /** Of the episodes that are being taken back; a rewind may take back another one. */
  private readonly takenBack: RecordedActions[] = [];
  /** What was not done again while episodes were taken back: the code may still come to it. */
  private readonly leftBehind: RecordedActions[] = [];
  private repeated: OutputEvent[] = [];
  private readonly earlyAnswers: AnswerEvent[] = [];

  /** @param limit actions that the episode may have [O14] */
  beginEpisode(limit: number): void {
    this.outputs = [];
    this.cancelled = [];
    this.repeated = [];
    this.limit = limit;
  }

  get episodeOutputs(): readonly OutputEvent[] {
    return this.outputs;
  }

  get isFull(): boolean {
    return this.outputs.length >= this.limit;
  }

  /** Forgets what this episode did: nothing of a runaway loop is to be performed. */
  discardEpisode(): void {
    for (const output of this.outputs) this.close(output.taskId);
    this.outputs = [];
  }

  /**
   * Adds an action.
   * @param output with the number `nextTaskId`
   * @returns its number: another one when it is a recorded action that a rewind has taken back
   */
  add(output: OutputEvent, open?: OpenCall | OpenTimer): number {
    const taskId = this.takeRecorded(output) ?? this.addNew(output);
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
    if (!action) return this.keep(event);
    if (action.kind !== ANSWERED_KIND[event.type]) return false;
    this.close(event.taskId);
    if (action.kind === 'timer') action.fire();
    else if ('failureDetails' in event) action.attemptFailed(event.failureDetails);
    else if ('result' in event) action.complete(event.result);
    else action.complete(undefined);
    return true;
  }

  /**
   * Ends the episode: the timers that it created and left open have rows from now on, and its sub-orchestrations are created.
   * @param recorded the outputs as history holds them: rows carry the fire times of the first run
   */
  endEpisode(recorded: readonly OutputEvent[] = this.outputs): void {
    for (const output of recorded) {
      if (output.type === 'TimerCreated' && this.open.has(output.taskId)) this.timerRows.set(output.taskId, output.fireAt);
      else if (output.type === 'SubOrchestrationInstanceCreated') this.children.set(output.taskId, output.instanceId);
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

  /** Ids of the sub-orchestrations that exist and have not ended. */
  get openChildren(): readonly string[] {
    return [...new Set(this.children.values())];
  }

  /** Timers of earlier episodes that this one cancelled. */
  get cancelledTimers(): readonly CancelledTimer[] {
    return this.cancelled;
  }

  /** Begins to take back what these actions were: the code may do them again, with their numbers, and what else it does is new [K8]. */
  takeBack(outputs: readonly OutputEvent[]): void {
    this.takenBack.push(new RecordedActions(outputs));
    this.nextTaskId += outputs.length;
    for (const output of outputs) if (output.type === 'SubOrchestrationInstanceCreated') this.children.set(output.taskId, output.instanceId);
  }

  /** What the code has not done again until here was the old path's, unless it comes to it later. */
  endTakeBack(outputs: readonly OutputEvent[]): void {
    const recorded = this.takenBack.pop();
    if (recorded && !recorded.isEmpty) this.leftBehind.push(recorded);
    for (const output of outputs) if (output.type === 'TimerCreated' && this.open.has(output.taskId)) this.timerRows.set(output.taskId, output.fireAt);
  }

  /** Whether the code does again what was recorded, and has not left that way. */
  get isRepeating(): boolean {
    return this.outputs.length === 0 && this.takenBack.some(({ isEmpty }) => !isEmpty);
  }

  /** Recorded actions that the code has come to in this episode and that have no answer: to be dispatched again. */
  get repeatedOutputs(): readonly OutputEvent[] {
    return this.repeated;
  }

  /** The next answer that came before the code had come to its action, which by now it has. */
  nextEarlyAnswer(): AnswerEvent | undefined {
    return this.earlyAnswers.shift();
  }

  /** The actions among these that wait for an answer, in the order of their numbers. */
  openAmong(recorded: ReadonlyMap<number, OutputEvent>): OutputEvent[] {
    return [...this.open.keys()].sort((a, b) => a - b).flatMap((taskId) => recorded.get(taskId) ?? []);
  }

  /** Takes the rows of a recorded episode as they are, when the code cannot be trusted to have made the same. */
  adoptRecorded({ inputs, outputs, takenBack }: Pick<RecordedEpisode, 'inputs' | 'outputs' | 'takenBack'>): void {
    for (const episode of takenBack?.episodes ?? []) this.adoptRecorded(episode);
    for (const { taskId, fireAt } of this.cancelled) this.timerRows.set(taskId, fireAt);
    this.cancelled = [];
    this.forgetAnswered(inputs);
    for (const output of outputs) {
      if (output.type === 'TimerCreated') this.timerRows.set(output.taskId, output.fireAt);
      else if (output.type === 'SubOrchestrationInstanceCreated') this.children.set(output.taskId, output.instanceId);
    }
  }

  /** A timer that has come in has no row any more, and a sub-orchestration that has answered is over, whether or not this episode takes it up. */
  forgetAnswered(inputs: readonly InputEvent[]): void {
    for (const event of inputs) {
      if (event.type === 'TimerFired') this.timerRows.delete(event.taskId);
      else if (event.type === 'SubOrchestrationInstanceCompleted' || event.type === 'SubOrchestrationInstanceFailed') this.children.delete(event.taskId);
    }
  }

  private addNew(output: OutputEvent): number {
    this.nextTaskId += 1;
    this.outputs.push(output);
    return output.taskId;
  }

  private takeRecorded(output: OutputEvent): number | undefined {
    const takeFrom = (recorded: RecordedActions, taskId: number | undefined) => {
      const answer = taskId !== undefined && recorded.answerTo(taskId);
      if (answer) this.earlyAnswers.push(answer);
      return taskId;
    };
    for (const recorded of this.takenBack.toReversed()) {
      const taskId = takeFrom(recorded, recorded.take(output));
      if (taskId !== undefined) return taskId;
    }
    for (const recorded of this.leftBehind.toReversed()) {
      const action = recorded.takeLater(output);
      if (!action) continue;
      if (action.type !== 'EventSent' && !recorded.answerTo(action.taskId)) this.repeated.push(action);
      return takeFrom(recorded, action.taskId);
    }
    return undefined;
  }

  /** Keeps an answer for an action that the code may come to. What fails on the old path is to run again instead. */
  private keep(event: AnswerEvent): boolean {
    if (this.takenBack.some((recorded) => recorded.keep(event))) return true;
    return !('failureDetails' in event) && this.leftBehind.some((recorded) => recorded.keep(event));
  }

  private close(taskId: number): void {
    if (this.open.get(taskId)?.kind === 'sub-orchestration') this.openSubOrchestrations -= 1;
    this.open.delete(taskId);
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

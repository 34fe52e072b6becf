import { isFireAndForget, type AnswerEvent, type OutputEvent } from './history.js';
import { contentOf, RecordedActions } from './recorded-actions.js';

/** The actions of all episodes of an execution that rewinds have taken back [K8], and what becomes of them. */
export class TakenBackActions {
  /** Of the episodes that are being taken back; a rewind may take back another one. */
  private readonly current: RecordedActions[] = [];
  /** What was not done again while episodes were taken back: the code may still come to it. */
  private readonly leftBehind: RecordedActions[] = [];
  private readonly earlyAnswers: AnswerEvent[] = [];
  private toRepeat: OutputEvent[] = [];

  beginEpisode(): void {
    this.toRepeat = [];
  }

  /** Begins to take back what these actions were. */
  begin(outputs: readonly OutputEvent[]): void {
    this.current.push(new RecordedActions(outputs));
  }

  /** What the code has not done again until here was the old path's, unless it comes to it later. */
  end(): void {
    const recorded = this.current.pop();
    if (recorded && !recorded.isEmpty) this.leftBehind.push(recorded);
  }

  /** Whether something that was recorded has not been done again so far. */
  get isRepeating(): boolean {
    return this.current.some(({ isEmpty }) => !isEmpty);
  }

  /** Recorded actions that the code has come to in this episode and that have no answer: to be dispatched again. */
  get repeated(): readonly OutputEvent[] {
    return this.toRepeat;
  }

  /** The number of the recorded action that this one is, if it is one. */
  take(output: OutputEvent): number | undefined {
    if (this.current.length === 0 && this.leftBehind.length === 0) return undefined;
    const content = contentOf(output);
    for (const recorded of this.current.toReversed()) {
      const action = recorded.take(content);
      if (!action) continue;
      this.handOver(recorded, action);
      return action.taskId;
    }
    for (const recorded of this.leftBehind.toReversed()) {
      const action = recorded.takeLater(content);
      if (!action) continue;
      if (!this.handOver(recorded, action) && !isFireAndForget(action)) this.toRepeat.push(action);
      return action.taskId;
    }
    return undefined;
  }

  /** Keeps an answer for an action that the code may come to. What fails on the old path is to run again instead. */
  keep(event: AnswerEvent): boolean {
    if (this.current.some((recorded) => recorded.keep(event))) return true;
    return !('failureDetails' in event) && this.leftBehind.some((recorded) => recorded.keep(event));
  }

  /** The next answer that came before the code had come to its action, which by now it has. */
  nextEarlyAnswer(): AnswerEvent | undefined {
    return this.earlyAnswers.shift();
  }

  /** Whether the action has its answer already, which is now for the code. */
  private handOver(recorded: RecordedActions, { taskId }: OutputEvent): boolean {
    const answer = recorded.answerTo(taskId);
    if (answer) this.earlyAnswers.push(answer);
    return answer !== undefined;
  }
}

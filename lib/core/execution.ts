/**
 * Runs the code of one execution, episode by episode. Invariants:
 *
 * 1. Live run and replay are the same code: an episode is (time, inputs) → outputs, and replay only compares the outputs
 *    with those in the history (I5).
 * 2. Inputs are taken up one at a time, and after each the code goes on as long as what it waits for is complete: the
 *    order in the history decides every race [T3].
 * 3. Inputs to an instance that is suspended or has not begun are held back here, and so in the history, in their order [E4].
 * 4. Nothing that the code does makes `run` throw: it fails the instance. Code is dropped, never returned [Y7].
 */
import { findDisagreement, historyGoesOn, type ReplayedEnd } from './determinism.js';
import { GeneratorDriver, silence, type DriverStep, type OrchestratorDriver } from './driver.js';
import { buildResult, redoneOf, type Ending, type EpisodeResult } from './episode-result.js';
import { splitEpisodes, type OpenEpisode, type RecordedEpisode, type TakenBack } from './episodes.js';
import { OrchestratorError } from './errors.js';
import type { ExecutionOptions } from './execution-options.js';
import { ExecutionScope } from './execution-scope.js';
import { failureDetailsOf } from './failure-details.js';
import type { HistoryEvent, InputEvent } from './history.js';
import { goesOver, isAnswer, latestOf } from './inputs.js';
import { ReplayContext } from './replay-context.js';
import { serialize } from './serialization.js';
import { TaskBase } from './task-base.js';
import { describeValue } from './values.js';
import { CodeTimer } from './waiting-tasks.js';

/** One execution of an orchestration: its code, alive in memory. */
export class OrchestrationExecution {
  private readonly scope: ExecutionScope;
  private driver: OrchestratorDriver | undefined;
  private awaited: TaskBase<unknown> | undefined;
  private suspended = false;
  /** What came while the instance was suspended or had not begun. */
  private held: InputEvent[] = [];
  private ending: Ending | undefined;
  /** Inputs that came after the code had ended, in the same episode. */
  private leftOver: InputEvent[] = [];
  /** Found on replay; the next `run` fails the instance with it [Y2]. */
  private nonDeterminism: Error | undefined;

  constructor(options: ExecutionOptions) {
    this.scope = new ExecutionScope(options);
  }

  /** The execution has ended: completed, failed, terminated or continued as new. */
  get isFinished(): boolean {
    return this.ending !== undefined && this.nonDeterminism === undefined;
  }

  /** Epoch ms of the timer that the code awaits, where nothing else can wake it but an event. */
  get sleepsUntil(): number | undefined {
    const { awaited, scope } = this;
    return awaited instanceof CodeTimer && scope.actions.openCount === 1 ? awaited.fireAt : undefined;
  }

  /** Replays a whole history; answers its open episode, which goes to `run`. */
  replay(history: readonly HistoryEvent[]): OpenEpisode | undefined {
    const { episodes, open } = splitEpisodes(history);
    for (const episode of episodes) this.replayEpisode(episode);
    return open;
  }

  /** Replays one episode. What the code does otherwise than the history says is remembered, and reported by `run`. */
  replayEpisode(episode: RecordedEpisode): void {
    const { scope } = this;
    const { actions } = scope;
    if (!this.nonDeterminism) {
      if (this.ending) this.nonDeterminism = historyGoesOn(actions.nextTaskId, this.replayedEnd, scope.title);
      else {
        const firstTaskId = actions.nextTaskId;
        scope.mode = 'replay';
        // The limit may have been lowered since: what was allowed once is allowed now.
        this.play(episode, Math.max(scope.options.maxOrchestrationActions, episode.outputs.length));
        this.nonDeterminism = findDisagreement(episode, actions.episodeOutputs, this.replayedEnd, firstTaskId, scope.title);
      }
    }
    if (this.nonDeterminism) {
      scope.time = Math.max(scope.time, episode.timestamp);
      actions.adoptRecorded(episode);
    } else actions.endEpisode(episode.outputs);
  }

  /**
   * Runs the next episode.
   *
   * @param timestamp epoch ms; raised to the time of the last episode and of the timers among the inputs, so that time
   * never goes backwards [O11]. The OrchestratorStarted of the result has the time that counted.
   * @param open an episode that history has begun: its inputs come first and are not part of the result's events. The
   * result still begins with an OrchestratorStarted, the time at which the episode went on.
   */
  run(timestamp: number, inputs: readonly InputEvent[], open?: OpenEpisode): EpisodeResult {
    const { scope } = this;
    const all = open ? [...open.inputs, ...inputs] : inputs;
    const time = latestOf(Math.max(timestamp, scope.time, open?.timestamp ?? 0), all);
    scope.mode = open?.takenBack ? 'rewind' : 'run';
    if (this.nonDeterminism) this.failReplay(this.nonDeterminism, time, all);
    else this.play({ timestamp: time, inputs: all, takenBack: open?.takenBack }, scope.options.maxOrchestrationActions);
    const result = buildResult(scope, inputs, this.ending, this.status, () => this.carryOver(), open?.recorded && redoneOf(scope, open.recorded, all));
    scope.actions.endEpisode();
    return result;
  }

  private get status(): 'Pending' | 'Running' | 'Suspended' {
    if (this.suspended) return 'Suspended';
    return this.driver ? 'Running' : 'Pending';
  }

  private get replayedEnd(): ReplayedEnd {
    return this.ending?.type ?? 'waiting';
  }

  private play(episode: PlayedEpisode, limit: number): void {
    this.scope.actions.beginEpisode(limit);
    if (episode.takenBack) this.takeBack(episode.takenBack);
    this.feed(episode.timestamp, episode.inputs);
    if (this.ending) this.scope.actions.endExecution();
  }

  /** Lets the code go again where a rewind leads, with what was recorded there and still stands [K8]. */
  private takeBack({ episodes, outputs }: TakenBack): void {
    const { actions } = this.scope;
    actions.takeBack(outputs);
    for (const { timestamp, inputs, takenBack } of episodes) {
      if (takenBack) this.takeBack(takenBack);
      // A terminate that came when the instance had failed already is overtaken by the rewind.
      this.feed(timestamp, inputs.filter(({ type }) => type !== 'ExecutionTerminated'));
    }
    actions.endTakeBack(outputs);
  }

  private feed(time: number, inputs: readonly InputEvent[]): void {
    this.scope.time = time;
    this.scope.actions.forgetAnswered(inputs);
    for (const event of inputs) {
      if (this.ending) this.leftOver.push(event);
      else this.accept(event);
    }
    if (!this.ending && !this.driver && !this.suspended) this.begin();
  }

  private accept(event: InputEvent): void {
    switch (event.type) {
      case 'ExecutionStarted':
        if (this.scope.started) return this.ignore(event);
        this.scope.started = event;
        this.scope.customStatus = event.customStatus;
        return;
      case 'ExecutionTerminated':
        this.ending = { type: 'Terminated', result: serialize(event.reason, 'the reason', Infinity), by: event };
        return;
      case 'ExecutionRewound':
        return;
      case 'ExecutionSuspended':
        this.suspended = true;
        return;
      case 'ExecutionResumed':
        this.suspended = false;
        if (this.driver) this.release();
        return;
      default:
        if (this.suspended || !this.driver) this.held.push(event);
        else this.apply(event);
    }
  }

  /** Starts the code, unless it is not there yet or not to begin yet. */
  private begin(): void {
    const { scope } = this;
    const { started } = scope;
    if (!started || scope.time < (started.startAt ?? 0)) return;
    const ctx = new ReplayContext(scope);
    const driver = new GeneratorDriver(scope.options.handler, ctx, scope.options.source);
    this.driver = driver;
    this.step(() => driver.start(ctx.getInput()));
    this.advance();
    this.release();
  }

  private release(): void {
    const events = this.held;
    this.held = [];
    for (const event of events) {
      if (this.ending) this.leftOver.push(event);
      else this.apply(event);
    }
  }

  private apply(event: InputEvent): void {
    if (event.type === 'EventRaised') this.scope.events.raise(event);
    else if (!isAnswer(event) || !this.scope.actions.answer(event)) return this.ignore(event);
    this.endIfAsked();
    this.advance();
  }

  private ignore(event: InputEvent): void {
    const task = 'taskId' in event ? ` for task ${event.taskId}` : '';
    this.scope.debug(`${event.type}${task} is ignored: nothing waits for it.`);
  }

  /** Lets the code go on while what it waits for is complete. */
  private advance(): void {
    const { driver } = this;
    while (driver && !this.ending) {
      const task = this.awaited;
      if (task?.isCompleted) this.step(() => (task.isFaulted || task.isCanceled ? driver.resumeWithError(task.error) : driver.resume(task.result)));
      else if (!this.takeEarlyAnswer()) return;
    }
  }

  /** An answer to what the code has just done again, recorded before the code came to it [K8]. */
  private takeEarlyAnswer(): boolean {
    const answer = this.scope.actions.nextEarlyAnswer();
    if (!answer) return false;
    this.scope.actions.answer(answer);
    this.endIfAsked();
    return true;
  }

  private step(move: () => DriverStep): void {
    this.awaited = undefined;
    let step: DriverStep;
    try {
      step = this.scope.runCode(move);
    } catch (error) {
      this.fail(this.scope.fatal ?? error);
      return;
    }
    if (!step.done && !this.isOwnTask(step.awaited)) this.refuse(step.awaited);
    else if (!this.endIfAsked()) {
      if (step.done) this.complete(step.value);
      else this.awaited = step.awaited as TaskBase<unknown>;
    }
  }

  private isOwnTask(value: unknown): boolean {
    return TaskBase.is(value) && value.owner === this.scope;
  }

  private refuse(value: unknown): void {
    silence(value);
    this.fail(this.scope.fatal ?? refusedYield(this.scope.title, value));
  }

  /** The code is back: ends the execution when a limit was passed or continueAsNew was called. */
  private endIfAsked(): boolean {
    const { fatal, continuation } = this.scope;
    if (fatal) this.fail(fatal);
    else if (continuation) this.ending = { type: 'ContinueAsNew', continuation };
    return this.ending !== undefined;
  }

  private complete(value: unknown): void {
    const { scope } = this;
    try {
      this.ending = { type: 'Completed', result: serialize(value, () => `the output of ${scope.title}`, scope.options.maxPayloadBytes) };
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (error === this.scope.fatal) this.scope.actions.discardEpisode();
    this.ending = { type: 'Failed', failureDetails: failureDetailsOf(error) };
  }

  /** The code cannot go on from here; what ends the instance anyway still does. */
  private failReplay(error: Error, time: number, inputs: readonly InputEvent[]): void {
    this.scope.time = time;
    this.scope.actions.beginEpisode(0);
    this.scope.actions.forgetAnswered(inputs);
    const replayed = this.ending;
    // An error that only the replay met is the best hint at what is wrong with the code.
    const innerFailure = replayed?.type === 'Failed' ? replayed.failureDetails : undefined;
    this.ending = { type: 'Failed', failureDetails: { ...failureDetailsOf(error), ...(innerFailure && { innerFailure }) } };
    for (const event of inputs) if (event.type === 'ExecutionTerminated') this.accept(event);
    this.nonDeterminism = undefined;
    this.scope.actions.endExecution();
  }

  /** What the next generation takes over: events that nobody took, then what is not applied yet [C1]. */
  private carryOver(): InputEvent[] {
    const { continuation, events } = this.scope;
    const unapplied = this.leftOver.filter(goesOver);
    if (continuation?.preserveUnprocessedEvents) return [...events.unprocessed(), ...unapplied];
    return unapplied.filter((event) => event.type !== 'EventRaised');
  }
}

type PlayedEpisode = Pick<RecordedEpisode, 'timestamp' | 'inputs' | 'takenBack'>;

function refusedYield(who: string, value: unknown): OrchestratorError {
  const what = TaskBase.is(value) ? 'a task of another orchestrator' : describeValue(value);
  return new OrchestratorError(
    `${who} yielded ${what}. Only durable tasks may be yielded: what ctx.callActivity, ctx.all and the like ` +
      'return. For several tasks use ctx.all; do everything asynchronous in activities.',
  );
}

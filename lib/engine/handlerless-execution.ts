import { ActionLog } from '../core/action-log.js';
import type { EpisodeResult } from '../core/episode-result.js';
import { splitEpisodes } from '../core/episodes.js';
import type { FailureDetails } from '../core/failure.js';
import { isFinished, type ExecutionTerminated, type HistoryEvent, type InputEvent, type RuntimeStatus } from '../core/history.js';
import { PARK_TIMER, PARKED_SINCE, type InstanceRow } from '../storage/store.js';

/**
 * Takes up what comes for an instance without running its code: this process lacks the orchestrator [Y6], or the code may not
 * run again [Y8]. Inputs become an open episode, which whoever has the orchestrator goes on with. Terminate ends the instance as
 * ever [K6]; suspend and resume show in its status at once.
 */
export class HandlerlessExecution {
  private readonly actions = new ActionLog();
  private status: RuntimeStatus;
  private hasBegun: boolean;

  /** @param failure ends the instance with the next inputs */
  constructor(private readonly row: InstanceRow, history: readonly HistoryEvent[], private readonly failure?: FailureDetails) {
    this.status = row.status;
    // Also by a continueAsNew, of which history holds no episode yet.
    this.hasBegun = row.status === 'Running';
    const { episodes, open } = splitEpisodes(history);
    let isSuspended = false;
    for (const episode of episodes) {
      this.actions.adoptRecorded(episode);
      isSuspended = suspendedAfter(episode.inputs, isSuspended);
      this.hasBegun ||= !isSuspended && episode.timestamp >= (row.startAt ?? 0);
    }
    if (open) this.actions.adoptRecorded({ ...open, outputs: [] });
    this.actions.beginEpisode(0);
  }

  run(timestamp: number, inputs: readonly InputEvent[]): EpisodeResult {
    this.actions.forgetAnswered(inputs);
    const terminated = inputs.find((event) => event.type === 'ExecutionTerminated');
    if (terminated) return this.terminate(timestamp, inputs, terminated);
    if (this.failure) return this.fail(timestamp, inputs, this.failure);
    for (const event of inputs) {
      if (event.type === 'ExecutionSuspended') this.status = 'Suspended';
      else if (event.type === 'ExecutionResumed') this.status = this.hasBegun ? 'Running' : 'Pending';
    }
    if (isFinished(this.status)) this.status = 'Running';
    const events: HistoryEvent[] = inputs.length > 0 ? [{ type: 'OrchestratorStarted', timestamp }, ...inputs] : [];
    return { events, outputs: [], cancelledTimers: [], status: this.status, customStatus: this.row.customStatus };
  }

  private terminate(timestamp: number, inputs: readonly InputEvent[], { reason, recursive }: ExecutionTerminated): EpisodeResult {
    const result = reason === undefined ? undefined : JSON.stringify(reason);
    return {
      ...this.end(timestamp, inputs, { type: 'ExecutionCompleted', status: 'Terminated', result }),
      status: 'Terminated',
      result,
      terminatedChildren: recursive ? { instanceIds: this.actions.openChildren, reason } : undefined,
    };
  }

  private fail(timestamp: number, inputs: readonly InputEvent[], failureDetails: FailureDetails): EpisodeResult {
    return {
      ...this.end(timestamp, inputs, { type: 'ExecutionCompleted', status: 'Failed', failureDetails }),
      status: 'Failed',
      failureDetails,
    };
  }

  private end(timestamp: number, inputs: readonly InputEvent[], completed: HistoryEvent): Pick<EpisodeResult, 'events' | 'outputs' | 'cancelledTimers' | 'customStatus'> {
    this.actions.endExecution();
    const outputs = this.actions.episodeOutputs;
    return {
      events: [{ type: 'OrchestratorStarted', timestamp }, ...inputs, ...outputs, completed, { type: 'OrchestratorCompleted' }],
      outputs,
      cancelledTimers: [...this.actions.cancelledTimers, { taskId: PARK_TIMER, fireAt: PARKED_SINCE }],
      customStatus: this.row.customStatus,
    };
  }
}

function suspendedAfter(inputs: readonly InputEvent[], before: boolean): boolean {
  const last = inputs.findLast(({ type }) => type === 'ExecutionSuspended' || type === 'ExecutionResumed');
  return last ? last.type === 'ExecutionSuspended' : before;
}

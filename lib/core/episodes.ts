import type { ContinueAsNew, ExecutionCompleted, ExecutionRewound, HistoryEvent, InputEvent, OutputEvent } from './history.js';

/** An episode as history holds it. */
export interface RecordedEpisode {
  /** Its time, epoch ms. */
  readonly timestamp: number;
  readonly inputs: readonly InputEvent[];
  readonly outputs: readonly OutputEvent[];
  /** How the execution ended with it, if it did. */
  readonly completion?: ExecutionCompleted | ContinueAsNew;
  /** Of an episode that begins with ExecutionRewound. */
  readonly takenBack?: TakenBack;
}

/** The beginning of an episode that nobody has run yet: inputs without OrchestratorCompleted. */
export interface OpenEpisode {
  readonly timestamp: number;
  readonly inputs: readonly InputEvent[];
  /** Of an episode that begins with ExecutionRewound, or is to begin with it. */
  readonly takenBack?: TakenBack;
  /** The actions of the whole history, by number; with `takenBack` only. */
  readonly recorded?: ReadonlyMap<number, OutputEvent>;
}

/**
 * The episodes that a rewind takes back [K8]: from the first one in which something was dropped, or from the beginning of the
 * critical section that it lies in, to the one that failed. They stand here without what was dropped. The code runs over them again,
 * and may go another way than they say.
 */
export interface TakenBack {
  readonly episodes: readonly RecordedEpisode[];
  /** All that these episodes did, in the order of the numbers. */
  readonly outputs: readonly OutputEvent[];
}

/**
 * Takes a history apart. An OrchestratorStarted within an open episode goes on with it, at its own time: that is how the
 * inputs left by continueAsNew and what came later become one episode.
 *
 * @param rewind answers as if the history ended with the beginning of an episode with this event; the event itself is not
 * among the inputs of `open`
 */
export function splitEpisodes(history: readonly HistoryEvent[], rewind?: ExecutionRewound): { episodes: RecordedEpisode[]; open?: OpenEpisode } {
  const dropped = new Set<number>(rewind?.dropped);
  for (const event of history) if (event.type === 'ExecutionRewound') for (const place of event.dropped) dropped.add(place);
  let episodes: EpisodeBuilder[] = [];
  const takeBack = (): TakenBack => {
    const changed = episodes.findIndex(({ isChanged }) => isChanged);
    const begin = beginWithoutLocks(episodes, changed === -1 ? episodes.length - 1 : changed);
    const back = episodes.slice(begin);
    episodes = episodes.slice(0, begin);
    return { episodes: back, outputs: back.flatMap(({ outputs }) => outputs) };
  };
  let episode = new EpisodeBuilder();
  for (const [place, event] of history.entries()) {
    if (event.type === 'ExecutionRewound') episode.takenBack = takeBack();
    if (dropped.has(place)) episode.isChanged = true;
    else if (event.type !== 'OrchestratorCompleted') episode.add(event);
    else {
      episodes.push(episode);
      episode = new EpisodeBuilder();
    }
  }
  if (rewind) {
    const { timestamp } = episodes.at(-1)!;
    return { open: { timestamp, inputs: [], takenBack: takeBack(), recorded: recordedActions(history) }, episodes };
  }
  if (!episode.isOpen) return { episodes };
  const { timestamp, inputs, takenBack } = episode;
  return { episodes, open: takenBack ? { timestamp, inputs, takenBack, recorded: recordedActions(history) } : { timestamp, inputs } };
}

/**
 * The last episode, up to a certain one, at whose beginning the execution held no lock of an entity and waited for none. Its end gave
 * all locks back: what is done again begins by asking for them, so that nothing is done without the lock that it was done with [L1].
 */
function beginWithoutLocks(episodes: readonly RecordedEpisode[], latest: number): number {
  const locks = new Set<number>();
  let begin = 0;
  for (const [index, { outputs }] of episodes.slice(0, latest + 1).entries()) {
    if (locks.size === 0) begin = index;
    for (const output of outputs) {
      if (output.type === 'EntityLockRequested') locks.add(output.taskId);
      else if (output.type === 'EntityUnlockSent') locks.delete(output.lockTaskId);
    }
  }
  return begin;
}

function recordedActions(history: readonly HistoryEvent[]): Map<number, OutputEvent> {
  const recorded = new Map<number, OutputEvent>();
  for (const event of history) if (isOutput(event)) recorded.set(event.taskId, event);
  return recorded;
}

const OUTPUTS: ReadonlySet<string> = new Set<OutputEvent['type']>([
  'TaskScheduled', 'SubOrchestrationInstanceCreated', 'TimerCreated', 'EventSent',
  'EntityOperationCalled', 'EntityOperationSignaled', 'EntityLockRequested', 'EntityUnlockSent',
]);

function isOutput(event: HistoryEvent): event is OutputEvent {
  return OUTPUTS.has(event.type);
}

class EpisodeBuilder implements RecordedEpisode {
  timestamp = 0;
  readonly inputs: InputEvent[] = [];
  readonly outputs: OutputEvent[] = [];
  completion?: ExecutionCompleted | ContinueAsNew;
  takenBack?: TakenBack;
  isOpen = false;
  /** Something of it was dropped. */
  isChanged = false;

  add(event: HistoryEvent): void {
    this.isOpen = true;
    if (isOutput(event)) {
      this.outputs.push(event);
      return;
    }
    switch (event.type) {
      case 'OrchestratorStarted':
        this.timestamp = event.timestamp;
        break;
      case 'ExecutionCompleted':
      case 'ContinueAsNew':
        this.completion = event;
        break;
      case 'OrchestratorCompleted':
        break;
      default:
        this.inputs.push(event);
    }
  }
}

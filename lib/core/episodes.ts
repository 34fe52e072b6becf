import type { ContinueAsNew, ExecutionCompleted, HistoryEvent, InputEvent, OutputEvent } from './history.js';

/** An episode as history holds it. */
export interface RecordedEpisode {
  /** Its time, epoch ms. */
  readonly timestamp: number;
  readonly inputs: readonly InputEvent[];
  readonly outputs: readonly OutputEvent[];
  /** How the execution ended with it, if it did. */
  readonly completion?: ExecutionCompleted | ContinueAsNew;
}

/** The beginning of an episode that nobody has run yet: inputs without OrchestratorCompleted. */
export interface OpenEpisode {
  readonly timestamp: number;
  readonly inputs: readonly InputEvent[];
}

/**
 * Takes a history apart. An OrchestratorStarted within an open episode goes on with it, at its own time: that is how the
 * inputs left by continueAsNew and what came later become one episode.
 */
export function splitEpisodes(history: readonly HistoryEvent[]): { episodes: RecordedEpisode[]; open?: OpenEpisode } {
  const episodes: RecordedEpisode[] = [];
  let episode = new EpisodeBuilder();
  for (const event of history) {
    if (event.type !== 'OrchestratorCompleted') {
      episode.add(event);
      continue;
    }
    episodes.push(episode);
    episode = new EpisodeBuilder();
  }
  if (!episode.isOpen) return { episodes };
  return { episodes, open: { timestamp: episode.timestamp, inputs: episode.inputs } };
}

class EpisodeBuilder implements RecordedEpisode {
  timestamp = 0;
  readonly inputs: InputEvent[] = [];
  readonly outputs: OutputEvent[] = [];
  completion?: ExecutionCompleted | ContinueAsNew;
  isOpen = false;

  add(event: HistoryEvent): void {
    this.isOpen = true;
    switch (event.type) {
      case 'OrchestratorStarted':
        this.timestamp = event.timestamp;
        break;
      case 'TaskScheduled':
      case 'SubOrchestrationInstanceCreated':
      case 'TimerCreated':
      case 'EventSent':
        this.outputs.push(event);
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

/** How the generators of instances come to life: fresh, by continueAsNew, or by replay of their history. */
import type { EpisodeResult } from '../core/episode-result.js';
import { splitEpisodes, type RecordedEpisode } from '../core/episodes.js';
import { OrchestrationExecution } from '../core/execution.js';
import type { FailureDetails } from '../core/failure.js';
import type { ExecutionStarted, HistoryEvent } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import { planRewind } from '../core/rewind.js';
import type { InstanceRow } from '../storage/store.js';
import { insideEpisode } from './episode-guard.js';
import { HandlerlessExecution } from './handlerless-execution.js';
import type { HandlerRegistry } from './handlers.js';
import type { Session } from './instance-slot.js';
import type { EngineSettings } from './settings.js';

export interface SessionContext {
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly log: DurableLogger;
  partitionCount(): number;
}

/** Longest stretch of replay before other work gets its turn, ms. */
const REPLAY_SLICE = 10;

/** The session of an instance without history. @param poison its code is not to run; it ends with this instead */
export function newSession(row: InstanceRow, context: SessionContext, poison?: FailureDetails): Session {
  const execution = poison ? undefined : newExecution(row, context);
  return execution ? { execution } : handlerlessSession(row, [], poison);
}

/** The session of the generation that a continueAsNew began: its first episode is open. */
export function continuedSession(row: InstanceRow, started: readonly HistoryEvent[], context: SessionContext): Session | undefined {
  const execution = newExecution(row, context);
  return execution && { execution, open: splitEpisodes(started).open };
}

/** What a continueAsNew writes as the beginning of the next generation's history: an open episode. */
export function firstEvents(row: InstanceRow, next: NonNullable<EpisodeResult['continueAsNew']>, customStatus: string | undefined, now: number): HistoryEvent[] {
  const { name, version, parent, tags } = row;
  const started: ExecutionStarted = { type: 'ExecutionStarted', name, version, input: next.input, parent, tags, customStatus };
  return [{ type: 'OrchestratorStarted', timestamp: now }, started, ...next.carryOver];
}

/** Replays a stored history, a slice at a time. @param poison as for {@link newSession} */
export async function replaySession(row: InstanceRow, history: readonly HistoryEvent[], context: SessionContext, poison?: FailureDetails): Promise<Session> {
  const execution = poison ? undefined : newExecution(row, context);
  if (!execution) return handlerlessSession(row, history, poison);
  const { episodes, open } = splitEpisodes(history);
  await replayEpisodes(row, execution, episodes);
  return { execution, open };
}

/** The session of a failed instance that is to go on [K8]. @param poison as for {@link newSession} */
export async function rewoundSession(row: InstanceRow, history: readonly HistoryEvent[], context: SessionContext, poison?: FailureDetails): Promise<Session> {
  const execution = poison ? undefined : newExecution(row, context);
  const { event, episodes, open } = planRewind(history);
  if (!execution) return { ...handlerlessSession(row, history, poison), rewind: event };
  await replayEpisodes(row, execution, episodes);
  return { execution, open, rewind: event };
}

async function replayEpisodes(row: InstanceRow, execution: OrchestrationExecution, episodes: readonly RecordedEpisode[]): Promise<void> {
  let sliceEnds = performance.now() + REPLAY_SLICE;
  for (const episode of episodes) {
    insideEpisode(row, () => execution.replayEpisode(episode));
    if (performance.now() < sliceEnds) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEnds = performance.now() + REPLAY_SLICE;
  }
}

/** The session of an instance whose history is of no use: nothing of it runs any more. */
export function brokenSession(row: InstanceRow, failure: FailureDetails): Session {
  // A failed one is to be rewound, or it would not have been loaded: it fails again.
  const rewind = row.status === 'Failed' ? ({ type: 'ExecutionRewound', dropped: [] } as const) : undefined;
  return { ...handlerlessSession(row, [], failure), rewind };
}

function newExecution(row: InstanceRow, context: SessionContext): OrchestrationExecution | undefined {
  const { handlers, settings, log } = context;
  const definition = handlers.findOrchestrator(row.name, row.version);
  if (!definition) return undefined;
  return new OrchestrationExecution({
    instanceId: row.instanceId,
    executionId: row.executionId,
    handler: definition.handler,
    source: definition.source,
    maxOrchestrationActions: settings.maxOrchestrationActions,
    maxPayloadBytes: settings.maxPayloadBytes,
    maxTimerInterval: settings.maxTimerInterval,
    partitionCount: context.partitionCount(),
    log,
    classes: handlers,
  });
}

function handlerlessSession(row: InstanceRow, history: readonly HistoryEvent[], poison?: FailureDetails): Session {
  // Open: the message that would start what its worker began and did not run may be all that tells of it.
  return { execution: new HandlerlessExecution(row, history, poison), open: splitEpisodes(history).open, isHandlerless: true };
}

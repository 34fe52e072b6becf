/** How the generators of instances come to life: fresh, by continueAsNew, or by replay of their history. */
import { ActionLog } from '../core/action-log.js';
import type { EpisodeResult } from '../core/execution.js';
import { OrchestrationExecution, splitEpisodes } from '../core/execution.js';
import type { ExecutionStarted, HistoryEvent, InputEvent } from '../core/history.js';
import type { DurableLogger } from '../core/logger.js';
import type { InstanceRow } from '../storage/store.js';
import { insideEpisode } from './episode-guard.js';
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

/** The session of an instance without history; none when this process lacks its handler and the instance does not just end. */
export function newSession(row: InstanceRow, context: SessionContext, events: readonly InputEvent[]): Session | undefined {
  const execution = newExecution(row, context);
  if (execution) return { execution };
  return endsBy(events) ? { execution: new HandlerlessExecution(row, []) } : undefined;
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

/** Replays a stored history, a slice at a time; `waiting` are the events that the instance is about to take up. */
export async function replaySession(row: InstanceRow, history: readonly HistoryEvent[], context: SessionContext, waiting: readonly InputEvent[]): Promise<Session | undefined> {
  const execution = newExecution(row, context);
  if (!execution) return endsBy(waiting) ? { execution: new HandlerlessExecution(row, history) } : undefined;
  const { episodes, open } = splitEpisodes(history);
  let sliceEnds = performance.now() + REPLAY_SLICE;
  for (const episode of episodes) {
    insideEpisode(() => execution.replayEpisode(episode));
    if (performance.now() < sliceEnds) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEnds = performance.now() + REPLAY_SLICE;
  }
  return { execution, open };
}

function newExecution(row: InstanceRow, { handlers, settings, log, partitionCount }: SessionContext): OrchestrationExecution | undefined {
  const definition = handlers.findOrchestrator(row.name, row.version);
  if (!definition) return undefined;
  return new OrchestrationExecution({
    instanceId: row.instanceId,
    executionId: row.executionId,
    handler: definition.handler,
    source: definition.source,
    maxOrchestrationActions: settings.maxOrchestrationActions,
    maxPayloadBytes: settings.maxPayloadBytes,
    partitionCount: partitionCount(),
    log,
    activityNames: (type) => handlers.namesOf(type, 'activity'),
    orchestratorNames: (type) => handlers.namesOf(type, 'orchestrator'),
  });
}

function endsBy(events: readonly InputEvent[]): boolean {
  return events.some((event) => event.type === 'ExecutionTerminated');
}

/** Ends an instance whose orchestrator this process does not have: terminate runs no code and so needs none [K6]. */
class HandlerlessExecution {
  constructor(private readonly row: InstanceRow, private readonly history: readonly HistoryEvent[]) {}

  run(timestamp: number, inputs: readonly InputEvent[], open?: unknown): EpisodeResult {
    const { reason, recursive } = inputs.find((event) => event.type === 'ExecutionTerminated') ?? {};
    const result = reason === undefined ? undefined : JSON.stringify(reason);
    const actions = new ActionLog();
    for (const episode of splitEpisodes(this.history).episodes) actions.adoptRecorded(episode.inputs, episode.outputs);
    actions.beginEpisode(inputs, 0);
    actions.closeTimers();
    const begin: HistoryEvent[] = open ? [] : [{ type: 'OrchestratorStarted', timestamp }];
    return {
      events: [...begin, ...inputs, { type: 'ExecutionCompleted', status: 'Terminated', result }, { type: 'OrchestratorCompleted' }],
      outputs: [],
      cancelledTimers: actions.cancelledTimers,
      status: 'Terminated',
      customStatus: this.row.customStatus,
      result,
      terminatedChildren: recursive ? { instanceIds: actions.openChildren, reason } : undefined,
    };
  }
}

import type { InstanceRow } from '../storage/store.js';

/** Whose episode it is. */
type Running = Pick<InstanceRow, 'name' | 'instanceId'>;

/**
 * The instances whose code runs, the innermost last. Episodes are synchronous, so one list for the process is exact: whatever is
 * called while it is not empty was called by an orchestrator.
 */
const running: Running[] = [];

/** Runs an episode's code. */
export function insideEpisode<T>(instance: Running, run: () => T): T {
  running.push(instance);
  try {
    return run();
  } finally {
    running.pop();
  }
}

/** Refuses a call of the client from orchestrator code [O1]. */
export function assertOutsideEpisode(call: string): void {
  const instance = running.at(-1);
  if (!instance) return;
  throw new Error(
    `DurableClient.${call} was called inside the orchestrator '${instance.name}' (instance '${instance.instanceId}'). An orchestrator replays, so the call ` +
      'would be repeated: use the OrchestrationContext (callActivity, callSubOrchestrator, sendEvent, signalEntity), or make the call in an activity.',
  );
}

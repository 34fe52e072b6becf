/**
 * Knows while an orchestrator's code runs. Episodes are synchronous, so one counter for the process is exact: whatever is
 * called while it is not zero was called by an orchestrator.
 */
let depth = 0;

/** Runs an episode's code. */
export function insideEpisode<T>(run: () => T): T {
  depth += 1;
  try {
    return run();
  } finally {
    depth -= 1;
  }
}

/** Refuses a call of the client from orchestrator code [O1]. */
export function assertOutsideEpisode(call: string): void {
  if (depth === 0) return;
  throw new Error(
    `DurableClient.${call} was called inside an orchestrator. An orchestrator replays, so the call would be repeated: ` +
      'use the OrchestrationContext (callActivity, callSubOrchestrator, sendEvent, signalEntity), or make the call in an activity.',
  );
}

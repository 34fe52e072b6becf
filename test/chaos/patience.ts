/** How a client bears with workers that die: what nobody takes now it asks again, and it gives up late. */
import { setTimeout as delay } from 'node:timers/promises';
import { InstanceNotFoundError, TaskTimeoutError, UnknownHandlerError, type DurableClient, type DurableOrchestrationStatus } from '../../lib/index.js';
import type { Fleet } from './fleet.js';

/** How long an instance may take from when all is there that it waits for, ms: far more than any number of kills costs. */
const STUCK = 300_000;
/** Pause after a start that nobody was there for, ms: on SQLite it is refused without a turn of the event loop, where faults would never end. */
const NEXT_TRY = 10;

export async function startPatiently(client: DurableClient, fleet: Fleet, name: string, instanceId: string, input: unknown): Promise<void> {
  for (;;) {
    try {
      await client.startNew(name, { instanceId, input, onConflict: 'reject' });
      return;
    } catch (error) {
      // While every worker is dead nobody is known to have the orchestrator [K1].
      if (!(error instanceof UnknownHandlerError)) throw error;
      await fleet.whenWorking();
      await delay(NEXT_TRY);
    }
  }
}

/** How an instance ended; none when it gets stuck or is gone: the others go on, and the check says which one it was. */
export async function endOf(client: DurableClient, instanceId: string): Promise<DurableOrchestrationStatus | undefined> {
  try {
    return await client.waitForCompletion(instanceId, { timeout: STUCK });
  } catch (error) {
    if (!(error instanceof TaskTimeoutError || error instanceof InstanceNotFoundError)) throw error;
    return undefined;
  }
}

/** What clients of the two deployments do, whichever process they live in. */
import type { DurableClient } from '../../lib/index.js';
import type { Order, Release } from './orders.js';
import type { ClientCall } from './worker-messages.js';

/** A process that orders come through. */
export interface OrderClient {
  /** Its default version: that of the orders that it starts. */
  readonly version: Release;
  ask(call: ClientCall): Promise<void>;
}

/** A call may be repeated when its answer was lost. */
export async function serve(client: DurableClient, { call, instanceId }: ClientCall): Promise<void> {
  const input: Order = { call: instanceId };
  if (call === 'start') await client.startNew('order', { instanceId, input, onConflict: 'useExisting' });
  else await client.raiseEvent(instanceId, 'paid');
}

import type { InboxMessage } from '../storage/store.js';

/** Of a message without a payload, bytes. */
const FRAME = 300;

/** Bytes that a message takes up in memory, about. */
export function weightOf({ body }: InboxMessage): number {
  const carrier = body.type === 'Deliver' ? body.event : body;
  const payload = 'input' in carrier ? carrier.input : 'result' in carrier ? carrier.result : undefined;
  return FRAME + (payload?.length ?? 0);
}

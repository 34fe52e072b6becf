import type { DurableClient } from '../../../lib/client/index.js';
import type { ApiCall } from '../../../lib/http/api-call.js';
import { start } from '../../../lib/http/instance-routes.js';
import { Query } from '../../../lib/http/query.js';

/** A start with `timeout` of an instance that never ends. `isGone`: whether the caller has hung up. */
async function waits(isGone: () => boolean, timeout: number): Promise<number[]> {
  const timeouts: number[] = [];
  const client: Partial<DurableClient> = {
    startNew: () => Promise.resolve('a'),
    waitForCompletionOrCreateCheckStatusResponse: (_request, _id, options) => {
      timeouts.push(options!.timeout!);
      return Promise.resolve({ status: 202, headers: {}, body: {} });
    },
  };
  const socket = { get destroyed() { return isGone(); } };
  const call = {
    client, query: new Query(`timeout=${timeout}`), request: { headers: {}, raw: { socket } }, bodies: { jsonOf: () => undefined },
    links: () => ({ statusQueryGetUri: 'x' }),
  };
  await start(call as unknown as ApiCall, 'fulfil');
  return timeouts;
}

describe('POST orchestrators/{name} with timeout', () => {
  it('[W1] waits as long as it is asked to', async () => {
    expect(await waits(() => false, 25)).toEqual([10_000, 10_000, 5_000]);
    expect(await waits(() => false, 0)).toEqual([0]);
  });

  it('[W1] does not go on waiting for a caller that has gone', async () => {
    let looks = 0;
    expect(await waits(() => (looks += 1) === 2, 1_000_000)).toEqual([10_000, 10_000]);
  });
});

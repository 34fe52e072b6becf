import { Subject } from '../../client/subject.js';
import { expectRefusal, useApi } from '../support/harness.js';

const LIMIT = 3;

const row = useApi({ providers: [Subject], settings: { maxBacklog: LIMIT, maxConcurrentActivityFunctions: 1 } });

describe('a task hub that is overloaded', () => {
  row('[W1] [W9] answers starts with 503 and Retry-After; everything else is taken', async ({ POST, GET, run, client, id, gates, ended, eventually }) => {
    await run('returns', 1, { instanceId: id('finished') });
    // Of its activities one is at its gate, the others wait for it.
    await client.startNew('tree', { instanceId: id('tree'), input: { depth: 1, width: 2 * LIMIT } });
    const start = () => POST(`orchestrators/returns/${id('new')}?onConflict=useExisting`, { json: 1 });
    await eventually(async () => (await start()).status !== 202);

    for (const path of [`orchestrators/returns/${id('new')}`, 'orchestrators/returns', `instances/${id('finished')}/restart`]) {
      const refused = await POST(path, { json: 1 });
      expectRefusal(refused, 503, 'overloaded', `maxBacklog is ${LIMIT}`);
      expect(refused.headers.get('retry-after')).toBe('10');
    }
    expect((await GET(`instances/${id('finished')}`)).status).toBe(200);
    expect((await POST(`instances/${id('tree')}/raiseEvent/go`, { json: 1 })).status).toBe(202);
    expect((await POST(`instances/${id('tree')}/terminate`)).status).toBe(202);
    await ended(id('tree'));

    for (const gate of ['tree', ...Array.from({ length: 2 * LIMIT }, (_, child) => `tree.${child}`)]) gates.open(id(gate));
    await eventually(async () => (await start()).status === 202);
  });
});

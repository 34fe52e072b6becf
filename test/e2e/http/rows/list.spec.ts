import { BRING, hour } from '../../client/states.js';
import { Subject } from '../../client/subject.js';
import { expectRefusal, useApi, type ApiRun } from '../support/harness.js';

const row = useApi({ providers: [Subject] });

const idsOf = ({ body }: { body: { instanceId: string }[] }): string[] => body.map(({ instanceId }) => instanceId);

/** Instances `<id>-0` and so on, in this order of creation. */
async function startSome({ run, id }: ApiRun, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => id(`${index}`));
  for (const instanceId of ids) await run('returns', { of: instanceId }, { instanceId });
  return ids;
}

describe('GET instances/', () => {
  row('[W3] 200 with an array of statuses in the order of creation, all keys there', async (run) => {
    const ids = await startSome(run, 2);
    for (const path of ['instances/', 'instances']) {
      const { status, headers, body } = await run.GET(`${path}?instanceIdPrefix=${run.id('')}`);
      expect([status, headers.get('x-ms-continuation-token')]).toEqual([200, null]);
      expect(idsOf({ body })).toEqual(ids);
      expect(body[0]).toEqual((await run.GET(`instances/${ids[0]}`)).body);
    }
    expect(idsOf(await run.GET('instances/'))).toEqual(expect.arrayContaining(ids));
  });

  row('[W3] an empty array when there is none', async ({ GET, id }) => {
    const { status, body } = await GET(`instances/?instanceIdPrefix=${id('none')}`);
    expect([status, body]).toEqual([200, []]);
  });

  row('[W3] instanceIdPrefix is taken literally', async ({ GET, run, id }) => {
    for (const label of ['a%b', 'a_b', 'axb', 'A%b']) await run('returns', 1, { instanceId: id(label) });
    expect(idsOf(await GET(`instances/?instanceIdPrefix=${encodeURIComponent(id('a%'))}`))).toEqual([id('a%b')]);
    expect(idsOf(await GET(`instances/?instanceIdPrefix=${encodeURIComponent(id('a_'))}`))).toEqual([id('a_b')]);
  });

  row('[W3] runtimeStatus: one, several with commas, several repeated', async (run) => {
    for (const state of ['Completed', 'Failed', 'Terminated', 'Suspended', 'Running'] as const) await BRING[state]!(run, run.id(state));
    const ask = async (query: string) => idsOf(await run.GET(`instances/?instanceIdPrefix=${run.id('')}&${query}`)).sort();
    const labels = (...states: string[]) => states.map((state) => run.id(state));
    expect(await ask('runtimeStatus=Failed')).toEqual(labels('Failed'));
    expect(await ask('runtimeStatus=Completed,Failed')).toEqual(labels('Completed', 'Failed'));
    expect(await ask('runtimeStatus=Completed,%20Failed')).toEqual(labels('Completed', 'Failed'));
    expect(await ask('runtimeStatus=Running&runtimeStatus=Suspended')).toEqual(labels('Running', 'Suspended'));
    expect(await ask('runtimeStatus=Running,Failed&runtimeStatus=Suspended')).toEqual(labels('Failed', 'Running', 'Suspended'));
    expect(await ask('runtimeStatus=ContinuedAsNew')).toEqual([]);
    expect(await ask('runtimeStatus=')).toHaveLength(5);
    expect(await ask('runtimeStatus=failed,SUSPENDED')).toEqual(labels('Failed', 'Suspended'));
  });

  row('[W3] createdTimeFrom and createdTimeTo, both ends included', async ({ GET, run, id, clock }) => {
    const { createdTime: first } = await run('returns', 1, { instanceId: id('1') });
    clock.advance(hour);
    const { createdTime: second } = await run('returns', 2, { instanceId: id('2') });
    const ask = async (query: string) => idsOf(await GET(`instances/?instanceIdPrefix=${id('')}&${query}`));
    expect(await ask(`createdTimeFrom=${second.toISOString()}`)).toEqual([id('2')]);
    expect(await ask(`createdTimeTo=${first.toISOString()}`)).toEqual([id('1')]);
    expect(await ask(`createdTimeFrom=${first.toISOString()}&createdTimeTo=${second.toISOString()}`)).toEqual([id('1'), id('2')]);
    expect(await ask(`createdTimeFrom=${new Date(second.getTime() + 1).toISOString()}`)).toEqual([]);
  });

  row('[W3] times in other zones, encoded or not, or without one, which are UTC; and days', async ({ GET, run, id }) => {
    const { createdTime } = await run('returns', 1, { instanceId: id('a') });
    const local = new Date(createdTime.getTime() + 2 * hour).toISOString().replace('Z', '+02:00');
    const before = new Date(createdTime.getTime() + 2 * hour - 1).toISOString().replace('Z', '+02:00');
    const ask = async (query: string) => idsOf(await GET(`instances/?instanceIdPrefix=${id('')}&${query}`));
    for (const encode of [String, encodeURIComponent]) {
      expect(await ask(`createdTimeFrom=${encode(local)}`)).toEqual([id('a')]);
      expect(await ask(`createdTimeTo=${encode(before)}`)).toEqual([]);
    }
    for (const encode of [(time: string) => time.slice(0, -1), (time: string) => time.toLowerCase()]) {
      expect(await ask(`createdTimeFrom=${encode(createdTime.toISOString())}`)).toEqual([id('a')]);
      expect(await ask(`createdTimeTo=${encode(new Date(createdTime.getTime() - 1).toISOString())}`)).toEqual([]);
    }
    expect(await ask('createdTimeFrom=2020-01-01')).toEqual([id('a')]);
    expect(await ask('createdTimeTo=2020-01-01')).toEqual([]);
  });

  row('[W3] showInput=false leaves the inputs out', async (run) => {
    await startSome(run, 1);
    const ask = async (query: string) => (await run.GET(`instances/?instanceIdPrefix=${run.id('')}${query}`)).body[0];
    const shown = await ask('&showInput=true');
    expect(shown.input).toEqual({ of: run.id('0') });
    expect(await ask('')).toEqual(shown);
    expect(await ask('&showInput=false')).toEqual({ ...shown, input: null });
  });

  row('[W3] top limits a page, and x-ms-continuation-token leads to the next one', async (run) => {
    const ids = await startSome(run, 5);
    const list = `instances/?instanceIdPrefix=${run.id('')}&top=2`;
    const pages: string[][] = [];
    let token: string | null | undefined;
    do {
      const answer = await run.GET(list, { headers: token ? { 'x-ms-continuation-token': token } : {} });
      pages.push(idsOf(answer));
      token = answer.headers.get('x-ms-continuation-token');
    } while (token !== null);
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect(idsOf(await run.GET(list, { headers: { 'x-ms-continuation-token': '' } }))).toEqual(ids.slice(0, 2));
    expect(idsOf(await run.GET(`instances/?instanceIdPrefix=${run.id('')}&top=100000`))).toEqual(ids);
  });

  row('[W3] a page has 100 instances when top does not say otherwise', async ({ GET, client, id }) => {
    const ids = Array.from({ length: 101 }, (_, index) => id(`${index}`));
    await Promise.all(ids.map((instanceId) => client.startNew('returns', { instanceId })));
    const first = await GET(`instances/?instanceIdPrefix=${id('')}`);
    expect(first.body).toHaveLength(100);
    const token = first.headers.get('x-ms-continuation-token')!;
    const second = await GET(`instances/?instanceIdPrefix=${id('')}`, { headers: { 'x-ms-continuation-token': token } });
    expect(new Set([...idsOf(first), ...idsOf(second)])).toEqual(new Set(ids));
    await Promise.all(ids.map((instanceId) => client.waitForCompletion(instanceId)));
  });

  row('[W3] 400 for a bad date, and for a status, a number or a token that is none', async ({ GET }) => {
    for (const name of ['createdTimeFrom', 'createdTimeTo']) {
      for (const value of ['yesterday', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T25:00:00Z', '12', 'T', '2026-01-01T00:00:00Z,', '2026-01-01%2010:00', '2026-01-01Z']) {
        expectRefusal(await GET(`instances/?${name}=${value}`), 400, name);
      }
    }
    for (const value of ['Broken', 'Completed,Broken', 'Completed;Failed']) expectRefusal(await GET(`instances/?runtimeStatus=${value}`), 400, 'runtimeStatus');
    for (const value of ['0', '-1', '1.5', 'many', '1e99']) expectRefusal(await GET(`instances/?top=${value}`), 400, 'top');
    for (const token of ['x', 'bnVsbA', '[1]', 'e30', Buffer.from('[1e999,"a"]').toString('base64url')]) {
      expectRefusal(await GET('instances/', { headers: { 'x-ms-continuation-token': token } }), 400, 'ontinuation');
    }
  });
});

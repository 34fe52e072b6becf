/** What the README says about HTTP: its code, and its curl commands against the sample's warehouse. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DurableClient, DurableModule, getDurableClientToken } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { getDurableOptionsToken } from '../../../lib/nest/durable.constants.js';
import { resolveDurableOptions } from '../../../lib/nest/durable-options.js';
import { AppConfig } from '../../../sample-app/src/support/app-config.js';
import { WarehouseAppModule } from '../../../sample-app/src/warehouse/warehouse-app.module.js';
import { createDatabase } from '../../support/databases.js';
import { Parcels, Videos, VideosController } from '../../docs/http.js';
import { BASE_PATH, listen } from '../http/support/api-app.js';
import { IN_MEMORY, SILENT } from '../nest/support.js';

describe('the snippets about HTTP', () => {
  let clock: VirtualClock;
  let app: INestApplication<App>;
  let client: DurableClient;
  const fetchMock = jest.spyOn(globalThis, 'fetch');

  beforeEach(async () => {
    clock = new VirtualClock();
    const module = await Test.createTestingModule({
      imports: [DurableModule.forRoot(IN_MEMORY)],
      controllers: [VideosController],
      providers: [Videos, { provide: Parcels, useValue: new Parcels({ url: 'http://warehouse.example/api', key: 'secret' }) }],
    }).overrideProvider(DURABLE_CLOCK).useValue(clock).setLogger(SILENT).compile();
    app = module.createNestApplication();
    await app.init();
    client = app.get<DurableClient>(getDurableClientToken(), { strict: false });
  });

  afterEach(() => app.close());
  afterAll(() => fetchMock.mockRestore());

  const answers = (...responses: Response[]) => {
    fetchMock.mockReset();
    for (const response of responses) fetchMock.mockResolvedValueOnce(response);
  };
  const requests = () => fetchMock.mock.calls.map(([url, init]) => `${init!.method} ${url as string}`);
  const outputOf = async (id: string) => {
    for (let looks = 0; looks < 10_000; looks += 1) {
      const { runtimeStatus, output } = (await client.getStatus(id))!;
      if (runtimeStatus !== 'Pending' && runtimeStatus !== 'Running') return output;
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
    throw new Error(`Instance '${id}' has not finished.`);
  };

  it('callHttp: a job is posted, and polled until it is done', async () => {
    answers(
      new Response(null, { status: 202, headers: { location: '/jobs/1', 'retry-after': '2' } }),
      new Response(null, { status: 202, headers: { location: '/jobs/1' } }),
      new Response('{"file":"holiday.mp4"}'),
    );
    expect(await outputOf(await client.orchestrators(Videos).convert({ video: 'holiday.mov' }))).toBe('holiday.mp4');
    expect(requests()).toEqual(['POST https://convert.example/jobs', 'GET https://convert.example/jobs/1', 'GET https://convert.example/jobs/1']);
    answers(new Response('no', { status: 403 }));
    const { output } = await client.waitForCompletion(await client.orchestrators(Videos).convert({ video: 'secret.mov' }));
    expect(output).toMatchObject({ errorMessage: 'the converter answered 403' });
  });

  it('between applications: a start that is refused was made before, and is asked for', async () => {
    const status = (runtimeStatus: string) => new Response(JSON.stringify({ runtimeStatus, output: 'lorry-7' }));
    const deliver = () => client.orchestrators(Parcels).deliver({ order: '7' });
    answers(new Response(null, { status: 409 }), status('Completed'));
    expect(await outputOf(await deliver())).toBe('lorry-7');
    expect(requests()).toEqual([
      'POST http://warehouse.example/api/orchestrators/dispatch/parcel-7?onConflict=reject', 'GET http://warehouse.example/api/instances/parcel-7',
    ]);
    answers(status('Terminated'));
    expect(await outputOf(await deliver())).toMatchObject({ errorMessage: 'the parcel is Terminated' });
  });

  it('check status: the controller answers 202 with the links', async () => {
    answers(new Response('{"file":"holiday.mp4"}'));
    const { body, headers } = await request(app.getHttpServer()).post('/videos').expect(202).expect('retry-after', '10');
    expect(headers.location).toBe(body.statusQueryGetUri);
    expect(await outputOf(body.id)).toBe('holiday.mp4');
  });
});

it('the management API of the README opens to the key of the environment', async () => {
  process.env.DURABLE_API_KEY = 'sixteen characters';
  const { ManagedModule } = await import('../../docs/management-api.js');
  const module = await Test.createTestingModule({ imports: [ManagedModule] })
    .overrideProvider(getDurableOptionsToken('default')).useValue(resolveDurableOptions(IN_MEMORY)).setLogger(SILENT).compile();
  const app = module.createNestApplication<INestApplication<App>>();
  await app.init();
  const list = () => request(app.getHttpServer()).get(`${BASE_PATH}/instances/`);
  await list().expect(401);
  await list().set('x-functions-key', process.env.DURABLE_API_KEY).expect(200, []);
  await list().query({ code: process.env.DURABLE_API_KEY }).expect(200, []);
  await app.close();
});

/** The commands of the README that ask the management API of the sample, as `fetch` takes them. */
function curlCommands(): { line: string; url: string; init: { method: string; headers: Record<string, string>; body?: string } }[] {
  const readme = readFileSync(resolve(__dirname, '../../../README.md'), 'utf8');
  const lines = readme.split('\n').filter((line) => line.startsWith('curl ') && line.includes(BASE_PATH));
  return lines.map((line) => {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
    const headers: Record<string, string> = {};
    let [url, method, body]: [string, string | undefined, string | undefined] = ['', undefined, undefined];
    for (let index = 1; index < words.length; index += 1) {
      const word = words[index]!;
      if (word === '-s') continue;
      if (word === '-X') method = words[(index += 1)];
      else if (word === '-d') body = words[(index += 1)];
      else if (word === '-H') {
        const [name = '', value = ''] = words[(index += 1)]!.split(': ');
        headers[name] = value;
      } else url = word;
    }
    return { line, url, init: { method: method ?? (body === undefined ? 'GET' : 'POST'), headers, body } };
  });
}

describe("the README's curl commands for the warehouse", () => {
  it('do what they say', async () => {
    const database = await createDatabase('sqlite');
    const config = { stepDelay: 60_000, warehouseStorage: database.storage };
    const module = await Test.createTestingModule({ imports: [WarehouseAppModule] }).overrideProvider(AppConfig).useValue(config).compile();
    const app = module.createNestApplication({ logger: false });
    try {
      const origin = await listen(app);
      const client = app.get(DurableClient, { strict: false });
      const statuses: string[] = [];
      for (const { url, init } of curlCommands()) {
        const response = await fetch(url.replace('http://localhost:3001', origin), init);
        statuses.push(`${init.method} ${response.status}`);
        // What is asked for comes about soon after.
        const [operation] = /suspend|resume|terminate/.exec(url) ?? [];
        if (operation === undefined) continue;
        const wanted = { suspend: 'Suspended', resume: 'Running', terminate: 'Terminated' }[operation];
        while ((await client.getStatus('parcel-1'))!.runtimeStatus !== wanted) await new Promise(setImmediate);
      }
      expect(statuses).toEqual(['GET 404', 'POST 202', 'GET 202', 'POST 202', 'POST 202', 'POST 202', 'GET 200', 'GET 200', 'DELETE 200']);
      expect(await client.getStatus('parcel-1')).toBeNull();
    } finally {
      await app.close();
    }
  });
});

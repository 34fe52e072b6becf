/**
 * Thousands of requests that must change nothing: malformed, oversized, unauthorized, refused, or reading only. Each is answered
 * as its kind allows (fuzz/plan.ts), never by a 500, in time, and afterwards every row of every table is what it was.
 *
 * FUZZ_SEED repeats the requests of a run; FUZZ_REQUESTS makes it longer or shorter.
 */
import { Injectable } from '@nestjs/common';
import { Entity, EntityId, type EntityContext } from 'nestjs-durable';
import { Random } from '../../chaos/random.js';
import { BRING } from '../client/states.js';
import { Subject } from '../client/subject.js';
import { LOG_LINES } from '../support/log-lines.js';
import { INSTANCES, KEY, MAX_PAYLOAD, plan, type PlannedRequest } from './fuzz/plan.js';
import { readTableRows } from './fuzz/table-rows.js';
import { Wire } from './fuzz/wire.js';
import { ApiApp, BASE_PATH, FRONTS } from './support/api-app.js';
import { ApiRun } from './support/api-run.js';

@Injectable()
class Boxes {
  @Entity()
  box(ctx: EntityContext<unknown>): void {
    ctx.setState(ctx.getInput() ?? null);
  }
}

/** In flight at a time. */
const CALLERS = 16;

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 4_000);

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describe.each(FRONTS)('the API on %s and %s', (adapter, database) => {
  let app: ApiApp;
  let run: ApiRun;

  beforeAll(async () => {
    LOG_LINES.clear();
    app = new ApiApp(adapter, database, {
      providers: [Subject, Boxes],
      settings: { http: { keys: [KEY], useForwardedHost: true }, maxPayloadBytes: MAX_PAYLOAD },
    });
    await app.start();
    run = new ApiRun(app, 0);
    for (const state of INSTANCES) await BRING[state]!(run, state);
    const box = new EntityId('box', 'full');
    await run.client.signalEntity(box, 'put', { cups: 2 });
    await run.stateBecomes(box, { cups: 2 });
  });

  afterAll(() => app.drop());

  it(`refuses ${REQUESTS} requests, and nothing has changed`, async () => {
    process.stderr.write(`Fuzz on ${adapter} and ${database}: FUZZ_SEED=${seed}\n`);
    const before = await readTableRows(app.storage);
    const requests = plan(new Random(seed), BASE_PATH, REQUESTS);
    const wire = new Wire(app.origin);
    const failures: string[] = [];
    const caller = async (): Promise<void> => {
      for (const request of requests) {
        const failure = await failureOf(wire, request);
        if (failure !== undefined) failures.push(failure);
      }
    };
    try {
      await Promise.all(Array.from({ length: CALLERS }, caller));
    } finally {
      wire.close();
    }
    expect(failures.slice(0, 10)).toEqual([]);
    expect(await readTableRows(app.storage)).toEqual(before);
    for (const state of INSTANCES) expect((await run.client.getStatus(state))?.runtimeStatus).toBe(state);
    expectNoErrors();
  }, TEST_TIME_LIMIT + REQUESTS * 10);

  it('is not troubled by what is no whole request', async () => {
    const before = await readTableRows(app.storage);
    const wire = new Wire(app.origin);
    const start = `POST ${BASE_PATH}/orchestrators/returns HTTP/1.1`;
    const common = `Host: a\r\nx-functions-key: ${KEY}`;
    for (const bytes of [
      `${start}\r\n${common}\r\nContent-Length: 1000\r\n\r\n{"a":`, `${start}\r\n${common}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":`,
      `${start}\r\n${common}\r\nContent-Length: ${MAX_PAYLOAD * 4}\r\n\r\n${'x'.repeat(MAX_PAYLOAD * 2)}`, `${start}\r\n${common}`,
    ]) {
      await Promise.all(Array.from({ length: 10 }, () => wire.sendBytes(bytes, { leave: true })));
    }
    const answered: [string, readonly number[]][] = [
      [`${start}\r\nx-functions-key: ${KEY}\r\n\r\n`, [400]],
      [`${start}\r\n${common}\r\nContent-Length: x\r\n\r\n`, [400]],
      [`${start}\r\n${common}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [400]],
      [`${start}\r\n${common}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, [400]],
      [`GET ${BASE_PATH}/instances/Running\u0000 HTTP/1.1\r\n${common}\r\n\r\n`, [400]],
      [`GET ${BASE_PATH}/instances/Running\u00ff HTTP/1.1\r\n${common}\r\n\r\n`, [400]],
      [`BREW ${BASE_PATH}/instances/Running HTTP/1.1\r\n${common}\r\n\r\n`, [400]],
      // Links cannot be made without a host.
      [`GET ${BASE_PATH}/instances/Running HTTP/1.0\r\nx-functions-key: ${KEY}\r\n\r\n`, [400]],
      [`GET ${BASE_PATH}/instances/?x=${'x'.repeat(20_000)} HTTP/1.1\r\n${common}\r\n\r\n`, [431]],
    ];
    for (const [bytes, statuses] of answered) expect([bytes.slice(0, 200), await wire.sendBytes(bytes)]).toEqual([bytes.slice(0, 200), statuses]);
    wire.close();
    expect(await readTableRows(app.storage)).toEqual(before);
    expectNoErrors();
  });
});

function expectNoErrors(): void {
  expect(LOG_LINES.about('').filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
}

/** What is wrong with the answer, and the request that it was given to. */
async function failureOf(wire: Wire, request: PlannedRequest): Promise<string | undefined> {
  const { kind, method, path, headers, body, chunked, allowed } = request;
  let outcome: string;
  try {
    const answer = await wire.send(request);
    if (allowed.includes(answer.status)) return undefined;
    outcome = `${answer.status} ${answer.body.slice(0, 300)}`;
  } catch (error) {
    outcome = String(error);
  }
  const sent = `${method} ${path.slice(0, 300)} ${JSON.stringify(headers)} ${chunked ? 'chunked ' : ''}${body?.toString('latin1').slice(0, 300) ?? ''}`;
  return `${kind}: ${sent}\n  must be answered with ${allowed.join(' or ')}, but was with ${outcome}`;
}

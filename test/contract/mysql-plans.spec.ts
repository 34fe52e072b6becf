/**
 * Which way MySQL or MariaDB takes through large tables, for the statements that a store really sends: recorded, then explained.
 * An engine with much work behind it must not become slow, nor wait for the locks of rows that are none of its business.
 */
import type { StorageOptions } from '../../lib/storage/index.js';
import { caller, changed, created, entityStep, newEntity, next, queued, removed, request } from './support/entities.js';
import { Recorder } from './support/recorder.js';
import { activity, checkpoint, idIn, inserted, message, newRow, timer, updated } from './support/rows.js';
import { StoreFixture } from './support/store-fixture.js';
import type { TestProcess } from './support/test-process.js';

const DIGITS = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS n`).join(' UNION ALL ');
/** Numbers from 0 to 9 999. */
const NUMBERS = `(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM (${DIGITS}) a, (${DIGITS}) b, (${DIGITS}) c, (${DIGITS}) d) AS x`;
const KEY = "n MOD 4, CONCAT('run-', n)";
/** The tables that grow, and what fills them. */
const FILLING: Readonly<Record<string, string>> = {
  durable_instances: `n MOD 4, CONCAT('filler-', n), CONCAT('run-', n), 'fulfil', NULL, 'Running', NULL, NULL, NULL, NULL, NULL, NULL, n, n, NULL, 0, 1, 0`,
  durable_history: `${KEY}, n, 1, 1, '[]'`,
  durable_inbox: `n MOD 4, 1000000 + n, 9, 'filler', '{}'`,
  durable_timers: `n MOD 4, 1000000 + n, CONCAT('run-', n), 1, 'filler'`,
  durable_activities_ready: `${KEY}, 1, 'filler', 'another', NULL, 1, 1, 0`,
  durable_activities_running: `${KEY}, 1, 'filler', 'another', NULL, 1, 1, CONCAT('token-', n), 'nobody', 0`,
  durable_garbage: KEY,
  durable_tags: `${KEY}, 'tag', n, CONCAT('filler-', n)`,
  durable_entities: `n MOD 4, CONCAT('@counter@filler-', n), '1', IF(n MOD 5 = 0, '{}', NULL), n, 1, 0`,
  // Thousands that wait for one entity.
  durable_entity_queue: `n MOD 4, CONCAT('@counter@filler-', n MOD 4), 0, 1000000 + n, 9, CONCAT('run-', n), '{}'`,
};

interface PlanRow {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  /** How many the server expects to read. */
  readonly rows: string | number | null;
}

const PARTITIONS = [0, 1, 2, 3];
/** Tables that stay small: workers, partitions, and what a statement brings with it. */
const SMALL = /^(durable_hubs|durable_workers|durable_partitions|<.*>|v|p\d+)$/;

describe('plans on mysql', () => {
  const fixture = new StoreFixture('mysql');

  async function start() {
    const recorder = new Recorder();
    const storage = { ...fixture.storage, logging: ['query'], logger: recorder } as StorageOptions;
    return { recorder, process: await fixture.startProcess({ partitions: PARTITIONS, storage }) };
  }

  it.each([1, 2, 100, 500])('what is about %i rows finds them by key in tables of 10 000', async (count) => {
    const { process, recorder } = await start();
    await fill(fixture);
    recorder.recording = true;
    await exercise(process, count);
    await exerciseEntities(process, count);
    recorder.recording = false;
    const scans: unknown[] = [];
    for (const { sql, values } of recorder.statements.values()) {
      const plan = await fixture.sql<PlanRow>(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, values);
      if (plan.some((row) => isScan(row, sql.includes(' LIMIT ') ? count : 0)) || missesRequests(sql, plan)) scans.push({ sql, plan });
    }
    expect(scans).toEqual([]);
    expect(recorder.statements.size).toBeGreaterThan(25);
  });
});

async function fill(fixture: StoreFixture): Promise<void> {
  const [hub] = await fixture.sql<{ hub: number }>('SELECT hub FROM durable_hubs WHERE name = ?', [fixture.hub]);
  for (const [table, columns] of Object.entries(FILLING)) {
    await fixture.sql(`INSERT INTO ${table} SELECT ${hub!.hub}, ${columns} FROM ${NUMBERS}`);
    await fixture.sql(`ANALYZE TABLE ${table}`);
  }
}

/** What an engine and a client do with `count` rows at once. */
async function exercise(process: TestProcess, count: number): Promise<void> {
  const { store, worker } = process;
  const rows = Array.from({ length: count }, (_, index) => newRow(idIn(index % PARTITIONS.length, `row${index}`), { status: 'Running' }));
  const messages = rows.map((row) => message(row));
  const claims = rows.map((row) => activity(row, { claimedBy: worker.incarnation }));
  await process.commit(
    ...rows.map((row, index) =>
      inserted(row, { messages: [messages[index]!], timers: [timer(row)], runningActivities: [claims[index]!], readyActivities: [activity(row, { taskId: 1 })] }),
    ),
  );
  await store.loadInstances(rows, { maxBytes: 1_000_000 });
  await store.readInbox(worker, PARTITIONS.map((partition) => ({ partition, limit: 1_000 })), ({ key }) => key >= 1_000_000);
  const [first] = await store.readTimers(0, { limit: 1 });
  await store.readTimers(0, { limit: 100, after: first });
  await store.readRunningActivities(PARTITIONS);
  await store.findLostClaims(claims);
  await store.findOverdue(PARTITIONS.map((partition) => ({ partition })), { before: 1_005_000, beforeKey: 1_005_000, limit: 10 });
  // The second begins behind the first.
  const claimed = await store.claimActivities(worker, ['charge'], count);
  await store.returnActivities([...claimed, ...(await store.claimActivities(worker, ['charge'], count))]);
  // A client's batch is never larger.
  const some = rows.slice(0, 200);
  await process.apply(...some.map((row) => ({ kind: 'start', row, message: message(row), onConflict: 'reject' }) as const));
  await process.apply(...some.map((row) => ({ kind: 'send', message: message(row), allowed: ['Running'] }) as const));
  await process.commit(
    ...rows.map((row, index) =>
      updated(row, { status: 'Completed' }, {
        consumedMessages: [messages[index]!], consumedActivities: [claims[index]!], deletedTimers: [timer(row)], abandonedActivities: [row.executionId],
      }),
    ),
  );
  await process.commit(...rows.map((row) => checkpoint(row, { cancelledTimers: [timer(row)] })));
  const [newest] = await store.queryInstances({ limit: 1 });
  await store.queryInstances({ limit: 100, after: newest });
  await store.readHistory(rows[0]!);
  await store.newestCreation();
  await store.scanForPurge({ statuses: ['Completed'], createdFrom: 5_000, createdTo: 9_000 }, count);
  await store.scanForPurge({ statuses: ['Completed'], createdTo: 9_000, after: { createdAt: 5_000, instanceId: 'a' } }, count);
  await store.scanAges({ createdFrom: 5_000, createdTo: 9_000 }, count);
  await store.scanAges({ createdFrom: 0, createdTo: 9_000, after: { createdAt: 5_000, instanceId: 'a' } }, count);
  await store.countBacklog(count);
  await store.getInstanceHeads(rows);
  await store.purgeInstances(rows);
  await store.collectGarbage(PARTITIONS, count);
}

async function exerciseEntities(process: TestProcess, count: number): Promise<void> {
  const { store } = process;
  const rows = Array.from({ length: count }, (_, index) => newEntity(idIn(index % PARTITIONS.length, `@counter@row${index}`)));
  const waiting = rows.map((row) => queued(row));
  const requests = rows.map((row, index) => request(row, caller(`execution${index}`)));
  await process.commit(...rows.map((row, index) => created(row, { queued: [waiting[index]!, requests[index]!] })));
  await store.loadEntities([...rows.slice(0, 200), newEntity('@counter@filler-0')], { maxBytes: 1_000_000, queueLimit: 100 });
  await store.getEntities(rows);
  await process.commit(
    ...rows.map((row, index) => changed(row, index % 2 === 0 ? { state: '2' } : {}, { dequeued: [waiting[index]!], withdrawn: [caller(`execution${index}`)] })),
    entityStep(rows[0]!, { withdrawn: rows.map((_, index) => caller(`run-${index}`)) }),
  );
  await process.commit(...rows.map((row) => removed(next(row, {}))));
  for (const which of ['existing', 'residual'] as const) {
    await store.queryEntities({ which, fetchState: false, limit: 100 });
    await store.queryEntities({ which, fetchState: true, limit: 100, name: 'counter', after: '@counter@filler-5', lastOperationFrom: 5 });
  }
}

/** A large table that is read without a key, or from end to end: MySQL reads an index in its order where a LIMIT of `limit` soon ends that. */
function isScan({ table, type, key, rows }: PlanRow, limit: number): boolean {
  if (table === null || SMALL.test(table)) return false;
  return type === 'ALL' || (type === 'index' && Number(rows) > limit) || key === null;
}

/** A lock request that is looked for among all that waits in its partition. */
function missesRequests(sql: string, plan: readonly PlanRow[]): boolean {
  return sql.includes('t.lock_request = ') && !plan.some(({ key }) => key === 'durable_entity_requests');
}

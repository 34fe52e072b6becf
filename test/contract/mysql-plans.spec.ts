import type { Logger } from 'typeorm';
import type { StorageOptions } from '../../lib/storage/index.js';
import { activity, checkpoint, idIn, inserted, message, newRow, timer, updated } from './support/rows.js';
import { StoreFixture } from './support/store-fixture.js';

const DIGITS = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS n`).join(' UNION ALL ');
/** Numbers from 0 to 9 999. */
const NUMBERS = `(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM (${DIGITS}) a, (${DIGITS}) b, (${DIGITS}) c, (${DIGITS}) d) AS x`;
const KEY = "n MOD 4, CONCAT('run-', n)";
/** The tables that grow, and what fills them: enough that a scan would look wrong to the optimizer. */
const FILLING: Readonly<Record<string, string>> = {
  durable_instances: `n MOD 4, CONCAT('filler-', n), CONCAT('run-', n), 'fulfil', NULL, 'Running', NULL, NULL, NULL, NULL, NULL, NULL, n, n, NULL, 0, 1`,
  durable_history: `${KEY}, n, 1, 1, '[]'`,
  durable_inbox: `n MOD 4, 1000000 + n, 9, 'filler', '{}'`,
  durable_timers: `n MOD 4, 1000000 + n, CONCAT('run-', n), 1, 'filler'`,
  durable_activities_ready: `${KEY}, 1, 'filler', 'another', NULL, 1, 1`,
  durable_activities_running: `${KEY}, 1, 'filler', 'another', NULL, 1, 1, CONCAT('token-', n), 'nobody'`,
  durable_garbage: KEY,
};

interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

interface PlanRow {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly key_len: string | null;
}

/** Statements that a store sends, while `recording`. */
class Recorder implements Logger {
  readonly statements = new Map<string, Statement>();
  recording = false;

  logQuery(sql: string, values: unknown[] = []): void {
    if (this.recording && /^(SELECT|UPDATE|DELETE)/.test(sql)) this.statements.set(sql, { sql, values });
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}

describe('plans on mysql', () => {
  const fixture = new StoreFixture('mysql');

  it.each([1, 2, 100, 500])('statements about %i rows find them by key in tables of 10 000', async (count) => {
    const recorder = new Recorder();
    const storage: StorageOptions = { ...fixture.storage, logging: ['query'], logger: recorder } as StorageOptions;
    const process = await fixture.startProcess({ partitions: [0, 1, 2, 3], storage });
    await fill();
    recorder.recording = true;
    await exerciseStore(count);
    recorder.recording = false;
    const found = await Promise.all([...recorder.statements.values()].map(async (statement) => ({ statement, plan: await explain(statement) })));
    const scans = found.filter(({ plan }) => plan.some(isScan)).map(({ statement, plan }) => ({ sql: statement.sql.slice(0, 300), plan }));
    expect(scans).toEqual([]);
    expect(found.length).toBeGreaterThan(20);

    async function fill(): Promise<void> {
      const [hub] = await fixture.sql<{ hub: number }>('SELECT hub FROM durable_hubs WHERE name = ?', [fixture.hub]);
      for (const [table, columns] of Object.entries(FILLING)) {
        await fixture.sql(`INSERT INTO ${table} SELECT ${hub!.hub}, ${columns} FROM ${NUMBERS}`);
        await fixture.sql(`ANALYZE TABLE ${table}`);
      }
    }

    /** What an engine and a client do with `count` rows at once. */
    async function exerciseStore(rowCount: number): Promise<void> {
      const { store, worker } = process;
      const rows = Array.from({ length: rowCount }, (_, index) => newRow(idIn(index % 4, `row${index}`), { status: 'Running' }));
      const messages = rows.map((row) => message(row));
      const claims = rows.map((row) => activity(row, { claimedBy: worker.incarnation }));
      await process.commit(
        ...rows.map((row, index) =>
          inserted(row, { messages: [messages[index]!], timers: [timer(row)], runningActivities: [claims[index]!], readyActivities: [activity(row, { taskId: 1 })] }),
        ),
      );
      await store.loadInstances(rows, { maxBytes: 1_000_000 });
      await store.readInbox([0, 1, 2, 3].map((partition) => ({ partition, limit: 1_000 })), ({ key }) => key >= 1_000_000);
      const [first] = await store.readTimers(0, { limit: 1 });
      await store.readTimers(0, { limit: 100, after: first });
      await store.readRunningActivities([0, 1, 2, 3]);
      await store.findLostClaims(claims);
      const claimed = await store.claimActivities(worker, ['charge'], rowCount);
      await store.returnActivities(claimed);
      await process.apply(...rows.slice(0, 200).map((row) => ({ kind: 'start', row, message: message(row), onConflict: 'reject' }) as const));
      await process.apply(...rows.slice(0, 200).map((row) => ({ kind: 'send', message: message(row), allowed: ['Running'] }) as const));
      await process.commit(
        ...rows.map((row, index) =>
          updated(row, { status: 'Completed' }, {
            consumedMessages: [messages[index]!], consumedActivities: [claims[index]!], deletedTimers: [timer(row)], abandonedActivities: [row.executionId],
          }),
        ),
      );
      await process.commit(checkpoint(rows[0]!, { cancelledTimers: rows.filter(({ partition }) => partition === 0).map((row) => timer(row)) }));
      const [page] = await store.queryInstances({ limit: 1 });
      await store.queryInstances({ limit: 100, after: page });
      await store.readHistory(rows[0]!);
      await store.collectGarbage([0, 1, 2, 3], rowCount);
    }

    async function explain({ sql, values }: Statement): Promise<PlanRow[]> {
      return (await fixture.sql<PlanRow>(`EXPLAIN ${sql}`, values)).filter(({ table }) => table !== null && (table === 't' || table in FILLING || /^(h|i|DurableHistory)$/.test(table)));
    }
  });
});

/** A look at a whole table, or at all rows of a hub without an order to read them in. */
function isScan({ type, key }: PlanRow): boolean {
  return type === 'ALL' || type === 'index' || (type !== null && key === null);
}

/** Processes that come to one database at the same moment: on an empty one, on one of an older version, and with different hubs. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { durableMigrations, MIGRATIONS_TABLE, SCHEMA_VERSION } from '../../lib/storage/migrations/index.js';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.js';
import { createFirstSchema } from './first-schema.js';
import type { HubProcessConfig, HubProcessMessage } from './hub-process-messages.js';

/** Compiled by test/support/compile-children.js. */
const SCRIPT = resolve(import.meta.dirname, '../../build/test/chaos/hub-process.js');
const TIME_LIMIT = 60_000;

class HubProcess {
  readonly complaints: string[] = [];
  private readonly child: ChildProcess;

  constructor(config: HubProcessConfig) {
    this.child = fork(SCRIPT, [JSON.stringify(config)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', (message: HubProcessMessage) => {
      if (message.type === 'complaint') this.complaints.push(message.text);
    });
  }

  tell(word: 'start' | 'close'): void {
    this.child.send(word);
  }

  async next<T extends HubProcessMessage['type']>(type: T): Promise<Extract<HubProcessMessage, { type: T }>> {
    const ended = once(this.child, 'exit').then(([code]) => Promise.reject(new Error(`The process ended with ${String(code)} before '${type}': ${this.complaints.join(' ')}`)));
    for (;;) {
      const [message] = (await Promise.race([once(this.child, 'message'), ended])) as [HubProcessMessage];
      if (message.type === type) return message as Extract<HubProcessMessage, { type: T }>;
    }
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

describe.each(DATABASES)('processes that start at the same moment, on %s', (kind) => {
  const processes: HubProcess[] = [];
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase(kind);
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((each) => each.kill()));
    await database.drop();
  });

  /** Starts processes and answers the outputs of each one's orchestrations; they go on working. */
  const start = async (taskHubs: readonly string[], count: number): Promise<unknown[][]> => {
    const started = taskHubs.map((taskHub) => new HubProcess({ storage: database.storage, taskHub, count }));
    processes.push(...started);
    await Promise.all(started.map((each) => each.next('loaded')));
    const ends = started.map((each) => each.next('done'));
    for (const each of started) each.tell('start');
    return (await Promise.all(ends)).map(({ outputs }) => [...outputs]);
  };
  const shipped = (taskHub: string, count: number) => Array.from({ length: count }, (_, item) => `${taskHub} ${item}`);
  const complaints = () => processes.flatMap((each) => each.complaints);
  const read = async <Row>(statement: string): Promise<Row[]> => {
    const source = await new DataSource(database.storage).initialize();
    try {
      return await source.query(statement);
    } finally {
      await source.destroy();
    }
  };

  it('migrate an empty database once, and all work', async () => {
    expect(await start(['Hub', 'Hub', 'Hub', 'Hub'], 20)).toEqual(Array(4).fill(shipped('Hub', 20)));
    expect(complaints()).toEqual([]);
    expect((await read<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`)).map(({ name }) => name)).toEqual(durableMigrations.map(({ name }) => name));
    expect(await read('SELECT hub, schema_version FROM durable_hubs')).toEqual([{ hub: 1, schema_version: SCHEMA_VERSION }]);
    expect(await read('SELECT status FROM durable_instances')).toHaveLength(80);
  }, TIME_LIMIT);

  it('bring a database of the first version up to date, and its instances go on', async () => {
    await createFirstSchema(database.storage, 'Hub');
    expect(await start(['Hub', 'Hub', 'Hub'], 10)).toEqual(Array(3).fill(shipped('Hub', 10)));
    const ends = async () => read('SELECT instance_id, status, output FROM durable_instances WHERE created_at = 1700000000000 ORDER BY instance_id');
    const expected = [['new', '"Hub 2"'], ['ships', '"Hub 1"'], ['waits', '"went"']].map(([instance_id, output]) => ({ instance_id, status: 'Completed', output }));
    while ((await ends()).some((row) => (row as { status: string }).status !== 'Completed')) await new Promise(setImmediate);
    expect(await ends()).toEqual(expected);
    expect(complaints()).toEqual([]);
    expect(await read('SELECT schema_version FROM durable_hubs')).toEqual([{ schema_version: SCHEMA_VERSION }]);
  }, TIME_LIMIT);

  it('have different hubs: each works on its own, and none waits for the other', async () => {
    expect(await start(['Orders', 'Billing'], 100)).toEqual([shipped('Orders', 100), shipped('Billing', 100)]);
    expect(complaints()).toEqual([]);
    expect(await read('SELECT COUNT(*) AS n FROM durable_instances GROUP BY hub ORDER BY hub').then((rows) => rows.map((row) => Number((row as { n: number }).n)))).toEqual([100, 100]);
  }, TIME_LIMIT);
});

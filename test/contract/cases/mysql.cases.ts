import { connect } from 'node:net';
import { DataSource } from 'typeorm';
import { MysqlQueryRunner } from 'typeorm/driver/mysql/MysqlQueryRunner.js';
import type { StorageOptions } from '../../../lib/storage/index.js';
import { mariadbDialect, type Dialect } from '../../../lib/storage/dialect.js';
import { FenceLostError, OutcomeUnknownError, StaleMemberError, TransientStoreError } from '../../../lib/storage/errors.js';
import { MysqlDatabase } from '../../../lib/storage/mysql-database.js';
import { commitByStatements, commitInBlock, type CommitText } from '../../../lib/storage/server/commit-text.js';
import { voidNo } from '../../../lib/storage/store.js';
import { TypeOrmStore } from '../../../lib/storage/typeorm-store.js';
import { makeEarlierSchema } from '../../support/earlier-schema.js';
import { idIn, inserted, message, newRow, PARTITION_COUNT, updated } from '../support/rows.js';
import type { StoreFixture } from '../support/store-fixture.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestProcess } from '../support/test-process.js';

/** A server that keeps the locks of a process that has stopped would pass this, ms. */
const PATIENCE = 60_000;

type ServerOptions = Extract<StorageOptions, { type: 'mysql' | 'mariadb' }>;

/** What is sent, and what is sent in its place. */
type Spoil = Readonly<Record<'counted' | 'committed' | 'variable' | 'end', readonly [sent: string, instead: string]>>;

const BY_COUNT = "IF(@durable_ok, 'COMMIT', 'ROLLBACK')";
/** The forms in which a transaction is ended: on MariaDB either would do. */
const FORMS: readonly { how: string; form: CommitText; spoil: Spoil }[] = [
  {
    how: 'by one statement after the other',
    form: commitByStatements,
    spoil: {
      counted: [BY_COUNT, "'COMMIT'"],
      committed: [BY_COUNT, "'ROLLBACK'"],
      variable: ['SET @durable_ok = 1', 'SET @durable_lost = 1'],
      end: ['PREPARE durable_end FROM @durable_next', "PREPARE durable_end FROM 'nothing'"],
    },
  },
  {
    how: 'in a block',
    form: commitInBlock,
    spoil: {
      counted: ['IF @durable_wrong IS NULL', 'IF TRUE'],
      committed: ['IF @durable_wrong IS NULL', 'IF FALSE'],
      variable: ['SET @durable_count', 'SET @durable_lost'],
      end: ["SET @durable_end = 'COMMIT'", "SIGNAL SQLSTATE '45000'"],
    },
  },
];

/** What a server of its own does. In a Galera cluster a migration ends the transactions that are in its way, and statements are sent one by one. */
export function singleServerCases(fixture: StoreFixture): void {
  const proxied = useProxy(fixture);

  it('a migration that a long transaction keeps from its table gives up, and goes on where it stopped', async () => {
    const storage = (await fixture.emptyStorage()) as ServerOptions;
    const source = await makeEarlierSchema(storage, 1);
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT * FROM durable_instances');
    const store = fixture.newStore(storage);
    await expect(store.open({ name: fixture.hub, partitionCount: 4 })).rejects.toBeInstanceOf(TransientStoreError);
    await runner.rollbackTransaction();
    await runner.release();
    await source.destroy();
    expect(await store.open({ name: fixture.hub, partitionCount: 4 })).toEqual({ hubId: 1, partitionCount: 4 });
  });

  describe.each(FORMS)('a transaction that is ended $how', ({ form, spoil }) => {
    beforeEach(() => jest.spyOn(mariadbDialect as Required<Dialect>, 'commitText').mockReturnValue(form));
    afterEach(() => jest.restoreAllMocks());

    /** MySQL takes one form only. */
    const spoilt = async (): Promise<Spoil> => {
      const [row] = await fixture.sql<{ version: string }>('SELECT VERSION() AS version');
      return row!.version.includes('MariaDB') ? spoil : FORMS[0]!.spoil;
    };

    it('[I4] writes nothing when a row too few matches, and says which: of several, the fence', async () => {
      const process = await fixture.startProcess({ partitions: [0] });
      const row = newRow(idIn(0));
      await process.commit(inserted(row));
      const late = updated({ ...row, rowVersion: 7 }, { status: 'Running' });
      const fence = process.nextFence(0);
      const commit = (commitNo: number) => process.store.commit({ checkpoints: [late, inserted(newRow(idIn(0, 'other')))], fences: [{ ...fence, previousCommitNo: commitNo }] });
      await expect(commit(fence.previousCommitNo)).rejects.toBeInstanceOf(StaleMemberError);
      await expect(commit(fence.previousCommitNo + 9)).rejects.toBeInstanceOf(FenceLostError);
      expect(await process.row(newRow(idIn(0, 'other')))).toBeUndefined();
      await process.commit(updated(row, { status: 'Running' }));
      expect(await process.row(row)).toMatchObject({ status: 'Running', rowVersion: 2 });
    });

    it('[I2] a commit that is still on its way when it is asked about never counts', async () => {
      const process = await fixture.startProcess({ storage: proxied.storage, partitions: [0] });
      const row = newRow(idIn(0));
      const fence = process.nextFence(0);
      const { held, release } = proxied.proxy.hold(/COMMIT/);
      const commit = process.commit(inserted(row));
      await held;
      const other = await fixture.openStore();
      expect(await other.resolveCommit([fence])).toEqual(['not-committed']);
      expect(await other.resolveCommit([fence])).toEqual(['not-committed']);
      release();
      await expect(commit).rejects.toBeInstanceOf(FenceLostError);
      expect(await process.row(row)).toBeUndefined();
      const next = { ...fence, previousCommitNo: voidNo(fence.commitNo), commitNo: voidNo(fence.commitNo) + 1 };
      await other.commit({ checkpoints: [inserted(row)], fences: [next] });
      expect(await process.row(row)).toEqual(row);
    });

    it('[I4] nor does a call that is', async () => {
      const process = await fixture.startProcess({ storage: proxied.storage });
      const row = newRow(idIn(0));
      const { held, release } = proxied.proxy.hold(/COMMIT/);
      const call = process.apply({ kind: 'start', row, onConflict: 'reject', message: message(row) });
      await held;
      const other = await fixture.openStore();
      expect(await other.resolveClientBatch(process.worker, 1)).toBe('not-committed');
      release();
      await expect(call).rejects.toBeInstanceOf(FenceLostError);
      expect(await process.row(row)).toBeUndefined();
      const operations = [{ kind: 'start' as const, row, onConflict: 'reject' as const, message: message(row) }];
      await other.applyClientBatch(process.worker, { operations, previousCommitNo: voidNo(1), commitNo: voidNo(1) + 1, lastKey: 7 });
      expect(await process.row(row)).toEqual(row);
    });

    it('[I1] a commit that fails before its end was not carried out, and may be tried again', async () => {
      const process = await fixture.startProcess({ partitions: [0] });
      const row = newRow(idIn(0));
      const spoiled = whileSpoiled(...(await spoilt()).end, () => process.commit(inserted(row)));
      await expect(spoiled).rejects.not.toBeInstanceOf(OutcomeUnknownError);
      expect(await process.row(row)).toBeUndefined();
      await process.commit(inserted(row));
    });

    it.each<[string, keyof Spoil, RegExp]>([
      ['transactions that end with what was counted', 'counted', /does not roll back/],
      ['transactions that never end with COMMIT', 'committed', /does not commit/],
      ['variables that get lost', 'variable', /does not (commit|roll back)/],
    ])('the self-test refuses a server without %s', async (_what, part, reason) => {
      const opened = whileSpoiled(...(await spoilt())[part], () => fixture.newStore().open({ name: fixture.hub, partitionCount: 4 }));
      await expect(opened).rejects.toThrow(reason);
      expect(await fixture.sql('SELECT * FROM durable_timers WHERE hub = 0')).toEqual([]);
    });
  });

  it('a commit of many steps goes to MariaDB without a block, and counts the same', async () => {
    const process = await fixture.startProcess({ partitions: [0] });
    const rows = Array.from({ length: 8 }, (_, index) => newRow(idIn(0, `many-${index}`), { input: JSON.stringify('x'.repeat(4_000)) }));
    const texts = jest.spyOn(MysqlQueryRunner.prototype, 'query');
    await process.commit(...rows.map((row) => inserted(row)));
    expect(texts.mock.calls.filter(([sql]) => sql.includes('COMMIT')).map(([sql]) => /BEGIN NOT ATOMIC/.test(sql))).toEqual([false]);
    texts.mockRestore();
    await expect(process.commit(...rows.map((row) => updated({ ...row, rowVersion: 2 }, { output: row.input })))).rejects.toBeInstanceOf(StaleMemberError);
    await process.commit(...rows.map((row) => updated(row, { output: row.input })));
    expect(await process.row(rows[7]!)).toMatchObject({ output: rows[7]!.input, rowVersion: 2 });
  });

  it('several statements may be sent together, whatever the application asks for', async () => {
    await (await fixture.openStore({ storage: { ...fixture.storage, extra: { multipleStatements: false } } as StorageOptions })).close();
  });

  it('the self-test refuses a driver that sends one statement at a time', async () => {
    const store = fixture.newStore({ ...fixture.storage, flags: ['-MULTI_STATEMENTS'] } as StorageOptions);
    await expect(store.open({ name: fixture.hub, partitionCount: 4 })).rejects.toThrow(/several statements in one text.*MULTI_STATEMENTS/);
  });
}

export function mysqlCases(fixture: StoreFixture): void {
  const proxied = useProxy(fixture);

  /** A process whose statements fail when they go unanswered for so many ms. */
  const startLimited = async (limit: number): Promise<TestProcess> => {
    const store = new TypeOrmStore(new MysqlDatabase(proxied.storage as ServerOptions, limit));
    fixture.closeLater(store);
    await store.open({ name: fixture.hub, partitionCount: PARTITION_COUNT });
    return TestProcess.register(store);
  };

  const FENCE = /UPDATE durable_partitions AS t SET commit_no/;

  it('[I2] an owner that is held between its statements is fenced when another has taken over', async () => {
    const first = await fixture.startProcess({ storage: proxied.storage });
    await first.take([0], { leaseDuration: -1 });
    const row = newRow(idIn(0));
    const { held, release } = proxied.proxy.hold(FENCE);
    const commit = first.commit(inserted(row, { messages: [message(row)] }));
    await held;
    const second = await fixture.startProcess({ partitions: [0] });
    expect(second.leases.get(0)).toMatchObject({ epoch: 2, takenOverFrom: first.worker.incarnation });
    const message2 = message(row);
    const write = second.commit(inserted(newRow(idIn(0, 'second')), { messages: [message2] }));
    release();
    await expect(commit).rejects.toBeInstanceOf(FenceLostError);
    await write;
    expect(await second.row(row)).toBeUndefined();
    expect(await second.inbox(0)).toEqual([message2]);
    expect(await first.store.resolveCommit([first.nextFence(0)])).toEqual(['lost']);
  });

  it('[I2] whoever takes partitions leaves out those that a commit has locked, and does not wait for it', async () => {
    const source = await new DataSource(fixture.storage).initialize();
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    const process = await fixture.startProcess();
    await runner.query('SELECT * FROM durable_partitions WHERE hub = (SELECT hub FROM durable_hubs WHERE name = ?) AND partition_no = 0 FOR UPDATE', [fixture.hub]);
    expect(await process.take([0, 1])).toMatchObject([{ partition: 1 }]);
    await runner.rollbackTransaction();
    await runner.release();
    await source.destroy();
    expect(await process.take([0])).toMatchObject([{ partition: 0 }]);
  });

  it('[I6] a process that stops inside a transaction for good does not keep its rows: the server ends it', async () => {
    const first = await startLimited(10 * PATIENCE);
    await first.take([0], { leaseDuration: -1 });
    const row = newRow(idIn(0));
    await first.commit(inserted(row));
    const { held, release } = proxied.proxy.hold(/COMMIT/);
    const stopped = first.apply({ kind: 'start', row, onConflict: 'replaceFinished', message: message(row) }).catch((error: unknown) => error);
    await held;
    const second = await fixture.startProcess({ partitions: [0] });
    await untilPossible(() => second.commit(updated(row, { status: 'Completed' })));
    expect(await second.row(row)).toMatchObject({ status: 'Completed' });
    release();
    expect(await stopped).toBeInstanceOf(OutcomeUnknownError);
    expect(await second.store.resolveClientBatch(first.worker, 1)).toBe('not-committed');
  }, PATIENCE);

  it('[I2] garbage that two owners of a partition collect at once is collected, beyond what one of them looked at too', async () => {
    const first = await fixture.startProcess({ storage: proxied.storage });
    await first.take([0], { leaseDuration: -1 });
    const row = newRow(idIn(0));
    const events = [{ type: 'OrchestratorStarted', timestamp: 0 } as const];
    const old = [['a', 0], ['a', 1], ['a', 2], ['b', 0]] as const;
    await first.commit(inserted(row, { history: old.map(([executionId, sequence]) => ({ executionId, sequence, events })), garbage: ['a', 'b'] }));
    const { held, release } = proxied.proxy.hold(/DELETE t FROM .* durable_history/s);
    const collecting = first.store.collectGarbage([0], 2);
    await held;
    const second = await fixture.startProcess({ partitions: [0] });
    expect(await second.store.collectGarbage([0], 1)).toBe(1);
    release();
    await collecting;
    while ((await second.store.collectGarbage([0], 2)) > 0);
    for (const executionId of ['a', 'b']) expect(await second.store.readHistory({ ...row, executionId })).toEqual([]);
  });

  it.each([['after', 'committed'], ['before', 'not-committed']] as const)('[I2] a connection cut %s COMMIT leaves the outcome open: it was %s', async (when, outcome) => {
    const process = await fixture.startProcess({ storage: proxied.storage, partitions: [0] });
    const row = newRow(idIn(0));
    const fence = process.nextFence(0);
    proxied.proxy.cut(when, /COMMIT/);
    await expect(process.commit(inserted(row))).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(await process.store.resolveCommit([fence])).toEqual([outcome]);
    expect(await process.row(row)).toEqual(outcome === 'committed' ? row : undefined);
  });

  it('[I2] a client\'s batch whose outcome is open has its results with it', async () => {
    const process = await fixture.startProcess({ storage: proxied.storage });
    const row = newRow(idIn(0));
    proxied.proxy.cut('after', /COMMIT/);
    const error: unknown = await process.apply({ kind: 'start', row, onConflict: 'reject', message: message(row) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ result: [{ kind: 'done', row }] });
    expect(await process.store.resolveClientBatch(process.worker, 1)).toBe('committed');
  });

  it('a connection cut before COMMIT was sent wrote nothing: the same batch may be tried again', async () => {
    const process = await fixture.startProcess({ storage: proxied.storage, partitions: [0] });
    const row = newRow(idIn(0));
    const start = { kind: 'start' as const, row, onConflict: 'reject' as const, message: message(row) };
    proxied.proxy.cut('after', /FOR UPDATE/);
    await expect(process.apply(start)).rejects.toBeInstanceOf(TransientStoreError);
    expect(await process.apply(start)).toEqual([{ kind: 'done', row }]);
    expect(await process.row(row)).toEqual(row);
  });

  it('[I1] a connection whose ROLLBACK was not carried out is not used again: BEGIN would commit what is left', async () => {
    const process = await fixture.startProcess({ partitions: [0, 1] });
    const sent = message(newRow(idIn(0)));
    await process.commit(inserted(newRow(idIn(0, 'first')), { messages: [sent] }));
    const row = newRow(idIn(0));
    const query = Reflect.get(MysqlQueryRunner.prototype, 'query');
    const refusing = jest.spyOn(MysqlQueryRunner.prototype, 'query').mockImplementation(function (this: MysqlQueryRunner, ...args: [sql: string]) {
      return args[0] === 'ROLLBACK' ? Promise.reject(new Error('refused')) : query.apply(this, args);
    });
    // The message is there already: what comes before it in the transaction is written.
    await expect(process.commit(inserted(row, { messages: [sent] }))).rejects.toThrow();
    refusing.mockRestore();
    // As many as the pool has connections.
    await Promise.all(Array.from({ length: 8 }, () => process.store.collectGarbage([1], 1)));
    await Promise.all(Array.from({ length: 8 }, () => process.store.resolveCommit([process.nextFence(1)])));
    expect(await process.row(row)).toBeUndefined();
  });

  describe('a network that swallows what is sent, without a word', () => {
    const LIMIT = 250;

    it('a statement fails after its limit, and what comes next has a new connection', async () => {
      const process = await startLimited(LIMIT);
      await process.take([0]);
      const row = newRow(idIn(0));
      // Two connections that are open already.
      await Promise.all([process.store.time(), process.store.time()]);
      const { resume } = proxied.proxy.stall();
      const silent = `not answered for ${LIMIT} ms`;
      const start = { kind: 'start' as const, row, onConflict: 'reject' as const, message: message(row) };
      await expect(process.apply(start)).rejects.toMatchObject({ name: 'TransientStoreError', message: expect.stringContaining(silent) });
      await expect(process.store.time()).rejects.toMatchObject({ name: 'TransientStoreError', message: expect.stringContaining(silent) });
      resume();
      expect(await process.apply(start)).toEqual([{ kind: 'done', row }]);
      expect(await process.row(row)).toEqual(row);
    });

    it('[I2] a commit leaves its outcome open', async () => {
      const process = await startLimited(LIMIT);
      await process.take([0]);
      proxied.proxy.hold(/COMMIT/);
      await expect(process.commit(inserted(newRow(idIn(0))))).rejects.toBeInstanceOf(OutcomeUnknownError);
    });

    it('closing does not wait for what goes unanswered', async () => {
      const process = await TestProcess.register(await fixture.openStore({ storage: proxied.storage }));
      const { held } = proxied.proxy.hold(/UNIX_TIMESTAMP/);
      const unanswered = process.store.time();
      await held;
      await Promise.all([expect(unanswered).rejects.toBeInstanceOf(TransientStoreError), process.store.close()]);
    });

    it('an application may make the sockets itself, as connectors of cloud vendors do', async () => {
      const ports: number[] = [];
      const stream = ({ config: { host, port } }: { config: { host: string; port: number } }) => {
        ports.push(port);
        return connect(port, host);
      };
      const process = await TestProcess.register(await fixture.openStore({ storage: { ...proxied.storage, extra: { stream } } }));
      await process.store.close();
      expect(ports).toContain(proxied.proxy.port);
    });

    it('closing does not wait for connections that are being made', async () => {
      const process = await TestProcess.register(await fixture.openStore({ storage: { ...proxied.storage, extra: { connectTimeout: 600_000 } } }));
      const { resume } = proxied.proxy.stall();
      const unanswered = Array.from({ length: 4 }, () => process.store.time());
      const ends = unanswered.map((answer) => expect(answer).rejects.toBeInstanceOf(TransientStoreError));
      await Promise.all([...ends, process.store.close()]);
      resume();
    });
  });

  it('[I7] what fits into no statement of the server is refused before it is sent, with what to do', async () => {
    const process = await fixture.startProcess({ partitions: [0] });
    const row = newRow(idIn(0));
    const [packet] = await fixture.sql<{ bytes: number | string }>('SELECT @@max_allowed_packet AS bytes');
    const input = '"'.repeat(Math.ceil(Number(packet!.bytes) / 2));
    const error: unknown = await process.commit(inserted({ ...row, input })).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(TransientStoreError);
    expect(error).toMatchObject({ message: expect.stringMatching(/max_allowed_packet.*maxPayloadBytes/) });
    await process.commit(inserted(row));
    expect(await process.row(row)).toEqual(row);
  });

  describe('the self-test at the start refuses', () => {
    const timers = (suffix: string, key = 'PRIMARY KEY (hub, partition_no, fire_at, execution_id, task_id)') =>
      'CREATE TABLE durable_timers (hub INT NOT NULL, partition_no INT NOT NULL, fire_at BIGINT NOT NULL, execution_id VARCHAR(200) NOT NULL, ' +
      `task_id BIGINT NOT NULL, instance_id VARCHAR(255) NOT NULL, ${key}) CHARACTER SET utf8mb4 ${suffix}`;
    const BYTES = 'COLLATE utf8mb4_bin';

    it.each([
      ['tables without transactions', timers('ENGINE=MyISAM COLLATE utf8mb4_nopad_bin'), /ROLLBACK does not take back.*InnoDB/],
      ['a collation that ignores case', timers('COLLATE utf8mb4_general_ci'), /differ in case.*collation/],
      ['a collation that ignores trailing blanks', timers(BYTES), /trailing blanks.*collation/],
      ['a table without its key', timers('COLLATE utf8mb4_nopad_bin', 'INDEX (hub)'), /the same key is not refused/],
    ])('%s', async (_what, statement, reason) => {
      const storage = (await fixture.emptyStorage()) as ServerOptions;
      const source = await new DataSource(storage).initialize();
      const [row] = await source.query<{ version: string }[]>('SELECT VERSION() AS version');
      const exact = row!.version.includes('MariaDB') ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
      await source.query(statement.replace('utf8mb4_nopad_bin', exact));
      await source.destroy();
      const opened = fixture.newStore(storage).open({ name: fixture.hub, partitionCount: 4 });
      await expect(opened).rejects.not.toBeInstanceOf(TransientStoreError);
      await expect(opened).rejects.toThrow(/does not do what nestjs-durable relies on/);
      await expect(opened).rejects.toThrow(reason);
    });

    it('a driver that counts what changed in place of what matched', async () => {
      const store = fixture.newStore({ ...fixture.storage, flags: ['-FOUND_ROWS'] } as StorageOptions);
      await expect(store.open({ name: fixture.hub, partitionCount: 4 })).rejects.toThrow(/counts 0 rows, not 1.*FOUND_ROWS/);
    });

    it('nothing else, and leaves nothing behind', async () => {
      const store = await fixture.openStore();
      expect(store.capabilities.server).toMatch(/^(MariaDB|MySQL) \d/);
      expect(await fixture.sql('SELECT * FROM durable_timers WHERE hub = 0')).toEqual([]);
    });
  });

  it('a server that is down is named, without its password', async () => {
    const { port } = proxied.proxy;
    await proxied.proxy.stop();
    const store = fixture.newStore(proxied.storage);
    const { database, password } = proxied.storage as ServerOptions;
    const error: unknown = await store.open({ name: fixture.hub, partitionCount: 4 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientStoreError);
    expect((error as Error).message).toContain(`127.0.0.1:${port}/${String(database)}`);
    expect((error as Error).message).not.toContain(password);
  });
}

/** Before each test a proxy to the server, and the options that lead through it. */
function useProxy(fixture: StoreFixture): { proxy: TcpProxy; storage: StorageOptions } {
  const proxied = {} as { proxy: TcpProxy; storage: StorageOptions };
  beforeEach(async () => {
    const { host, port } = fixture.storage as ServerOptions;
    proxied.proxy = await TcpProxy.start(host!, port!);
    proxied.storage = { ...fixture.storage, host: '127.0.0.1', port: proxied.proxy.port } as StorageOptions;
  });
  afterEach(() => proxied.proxy.stop());
  return proxied;
}

/** Does something while another text goes to the server in the place of what is sent. */
async function whileSpoiled<T>(sent: string, instead: string, work: () => Promise<T>): Promise<T> {
  const query = Reflect.get(MysqlQueryRunner.prototype, 'query');
  const spoiling = jest.spyOn(MysqlQueryRunner.prototype, 'query').mockImplementation(function (this: MysqlQueryRunner, sql: string, ...rest: unknown[]) {
    return query.call(this, sql.replace(sent, instead), ...(rest as [unknown[]]));
  });
  try {
    return await work();
  } finally {
    spoiling.mockRestore();
  }
}

/** Runs a transaction again while it meets the locks of others, as an engine does. */
async function untilPossible(commit: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await commit();
    } catch (error) {
      if (!(error instanceof TransientStoreError)) throw error;
    }
  }
}

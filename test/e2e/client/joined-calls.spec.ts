/** Starts, events and signals that are a part of the application's own transaction, on MySQL and MariaDB. */
import { Injectable } from '@nestjs/common';
import { DataSource, type DataSourceOptions, type EntityManager, type QueryRunner } from 'typeorm';
import { EntityId, Orchestrator, type OnConflict, type Orchestration, type OrchestrationContext, type RuntimeStatus } from 'nestjs-durable';
import { partitionOf } from '../../../lib/core/index.js';
import { createDatabase, type TestDatabase } from '../../support/databases.js';
import { eventually, useApps, type RunningApp } from '../engine/start-app.js';
import { Diary } from '../support/diary.js';
import { LOG_LINES } from '../support/log-lines.js';

const PARTITIONS = 2;

@Injectable()
class Orders {
  @Orchestrator()
  *echo(_ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    return input;
  }

  @Orchestrator()
  *collects(ctx: OrchestrationContext, count: number): Orchestration<unknown[]> {
    const data: unknown[] = [];
    while (data.length < count) data.push(yield* ctx.waitForExternalEvent('item'));
    return data;
  }

  @Orchestrator()
  fails(): never {
    throw new Error('no');
  }

  @Orchestrator({ name: 'echo', version: '2' })
  second(ctx: OrchestrationContext): string {
    return `version ${ctx.version}`;
  }
}

const ADA = new EntityId('diary', 'Ada');

/** Brings an instance of an orchestrator that is not 'echo' into a state. */
const BRING: Readonly<Partial<Record<RuntimeStatus, (app: RunningApp, instanceId: string) => Promise<unknown>>>> = {
  Pending: ({ client }, instanceId) => client.startNew('collects', { instanceId, input: 1, startAt: Date.now() + 3_600_000 }),
  Running: ({ client }, instanceId) => client.startNew('collects', { instanceId, input: 1 }),
  Suspended: async ({ client }, instanceId) => {
    await client.startNew('collects', { instanceId, input: 1 });
    await client.suspend(instanceId);
  },
  Completed: async ({ client }, instanceId) => client.waitForCompletion(await client.startNew('collects', { instanceId, input: 0 })),
  Failed: async ({ client }, instanceId) => client.waitForCompletion(await client.startNew('fails', { instanceId })),
  Terminated: async ({ client }, instanceId) => {
    await client.startNew('collects', { instanceId, input: 1 });
    await client.terminate(instanceId);
    await client.waitForCompletion(instanceId);
  },
};
const FINISHED: readonly string[] = ['Completed', 'Failed', 'Terminated'];

/** What becomes of the instance that is there. */
const OUTCOMES: Readonly<Record<OnConflict, readonly [live: 'refused' | 'used' | 'replaced', finished: 'refused' | 'used' | 'replaced']>> = {
  replaceFinished: ['refused', 'replaced'],
  useExisting: ['used', 'used'],
  terminateAndReplace: ['replaced', 'replaced'],
  reject: ['refused', 'refused'],
};

describe('calls with { entityManager } on mysql', () => {
  const startApp = useApps();
  const sources: DataSource[] = [];
  let database: TestDatabase;
  let app: RunningApp;
  let source: DataSource;

  const openSource = async (changes: Partial<DataSourceOptions> = {}): Promise<DataSource> => {
    const opened = await new DataSource({ ...database.storage, ...changes } as DataSourceOptions).initialize();
    sources.push(opened);
    return opened;
  };

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase('mysql');
    app = await startApp({ storage: database.storage, partitionCount: PARTITIONS }, { providers: [Orders, Diary] });
    source = await openSource();
    await source.query('CREATE TABLE orders (id VARCHAR(40) PRIMARY KEY)');
  });

  afterEach(async () => {
    for (const opened of sources.splice(0)) await opened.destroy();
    await app.close();
    await database.drop();
  });

  /** A transaction that the test ends. */
  const begin = async (): Promise<QueryRunner> => {
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    return runner;
  };

  /** The end of an instance that its owner may not have created yet. */
  const endOf = async (instanceId: string) => {
    await eventually(async () => (await app.client.getStatus(instanceId)) !== null);
    return await app.client.waitForCompletion(instanceId);
  };

  it('[K1] a start comes about with the commit, together with what the application has written', async () => {
    const runner = await begin();
    const id = await app.client.startNew('echo', { instanceId: 'order-1', input: { total: 3 }, tags: { of: 'shop' }, entityManager: runner.manager });
    await runner.manager.query("INSERT INTO orders VALUES ('order-1')");
    expect(id).toBe('order-1');
    expect(await app.client.getStatus('order-1')).toBeNull();
    await runner.commitTransaction();
    expect(await endOf('order-1')).toMatchObject({ runtimeStatus: 'Completed', output: { total: 3 }, tags: { of: 'shop' } });
    await runner.release();
  });

  it('[K1] [K4] nothing comes of a start or an event whose transaction is rolled back', async () => {
    await app.client.startNew('collects', { instanceId: 'kept', input: 1 });
    const fail = source.transaction(async (entityManager) => {
      await app.client.startNew('echo', { instanceId: 'dropped', entityManager });
      await app.client.raiseEvent('kept', 'item', 'dropped', { entityManager });
      throw new Error('no');
    });
    await expect(fail).rejects.toThrow('no');
    await source.transaction((entityManager) => app.client.raiseEvent('kept', 'item', 'kept', { entityManager }));
    expect((await app.client.waitForCompletion('kept')).output).toEqual(['kept']);
    expect(await app.client.getStatus('dropped')).toBeNull();
  });

  it('[K4] the events of a transaction follow its start, in the order of the calls', async () => {
    await source.transaction(async (entityManager) => {
      await app.client.orchestrators(Orders).collects(20, { instanceId: 'a', entityManager });
      for (let item = 0; item < 20; item += 1) await app.client.raiseEvent('a', 'item', item, { entityManager });
    });
    expect((await endOf('a')).output).toEqual(Array.from({ length: 20 }, (_, item) => item));
  });

  /** The entity's state, once it holds so many entries. */
  const diary = async (id: EntityId, length: number): Promise<unknown[]> => {
    const read = async () => (await app.client.readEntityState<unknown[]>(id)).entityState ?? [];
    await eventually(async () => (await read()).length >= length);
    return read();
  };

  it('[N4] [N8] signals come about with the commit, in the order of the calls, and nothing comes of those that are rolled back', async () => {
    const dropped = source.transaction(async (entityManager) => {
      await app.client.signalEntity(ADA, 'write', 'dropped', { entityManager });
      throw new Error('no');
    });
    await expect(dropped).rejects.toThrow('no');
    const runner = await begin();
    await runner.manager.query("INSERT INTO orders VALUES ('order-1')");
    for (let entry = 0; entry < 20; entry += 1) await app.client.entity(Diary, 'Ada').signal.write(entry, { entityManager: runner.manager });
    await app.client.signalEntity(new EntityId('diary', 'Bob'), 'write', 'sent later');
    expect(await diary(new EntityId('diary', 'Bob'), 1)).toEqual(['sent later']);
    expect(await app.client.readEntityState(ADA)).toEqual({ entityExists: false });
    await runner.commitTransaction();
    await runner.release();
    expect(await diary(ADA, 20)).toEqual(Array.from({ length: 20 }, (_, entry) => entry));
  });

  it('[N7] [N8] a signal keeps its time', async () => {
    const scheduledTime = new Date(Date.now() + 1_500);
    await source.transaction(async (entityManager) => {
      await app.client.signalEntity(ADA, 'write', 'later', { entityManager, scheduledTime });
      await app.client.signalEntity(ADA, 'write', 'now', { entityManager });
    });
    expect(await diary(ADA, 2)).toEqual(['now', 'later']);
    const { entities } = await app.client.listEntities();
    expect(entities[0]!.lastOperationTime.getTime()).toBeGreaterThanOrEqual(scheduledTime.getTime());
  });

  it('[K1] an id is generated, and startAt is kept', async () => {
    const startAt = new Date(Date.now() + 3_600_000);
    const [now, later] = await source.transaction((entityManager) =>
      Promise.all([app.client.startNew('echo', { input: 0, entityManager }), app.client.startNew('echo', { startAt, entityManager })]));
    expect((await endOf(now)).output).toBe(0);
    await eventually(async () => (await app.client.getStatus(later))?.runtimeStatus === 'Pending');
  });

  it('[K1] it takes a version', async () => {
    const id = await source.transaction((entityManager) => app.client.startNew('echo', { version: '2', entityManager }));
    expect(await endOf(id)).toMatchObject({ version: '2', output: 'version 2' });
  });

  it.each(Object.keys(OUTCOMES) as OnConflict[])('[K1] the owner decides about an id in use, as onConflict %s says; a start that it refuses is logged', async (onConflict) => {
    for (const [state, bring] of Object.entries(BRING)) {
      await bring(app, state);
      await eventually(async () => (await app.client.getStatus(state))!.runtimeStatus === state);
      const { name } = (await app.client.getStatus(state))!;
      await source.transaction(async (entityManager) => {
        // The default in one of its cases.
        await app.client.startNew('echo', { instanceId: state, input: 'new', onConflict: onConflict === 'replaceFinished' ? undefined : onConflict, entityManager });
        // Comes behind the start: when it has arrived, that has been decided.
        await app.client.raiseEvent(state, 'marker', undefined, { entityManager });
      });
      const outcome = OUTCOMES[onConflict][FINISHED.includes(state) ? 1 : 0];
      await eventually(async () => {
        const now = (await app.client.getStatus(state, { showHistory: true }))!;
        if (outcome === 'replaced') return now.output === 'new';
        return LOG_LINES.about(`Event 'marker' for instance '${state}' was dropped`).length > 0 || now.history!.some((event) => event.name === 'marker');
      });
      const { name: nameNow, runtimeStatus } = (await app.client.getStatus(state))!;
      expect([nameNow, runtimeStatus]).toEqual(outcome === 'replaced' ? ['echo', 'Completed'] : [name, state]);
      const said = LOG_LINES.about(`Instance '${state}' of 'echo' was not started`).map(({ level, text }) => `${level}: ${/the id is.*'/.exec(text)?.[0]}`);
      expect(said).toEqual(outcome === 'refused' ? [`warn: the id is in use by a ${state} instance of '${name}', and onConflict is '${onConflict}'`] : []);
    }
  });

  it('[K4] an event for an instance that is missing or finished when it arrives is dropped, and logged', async () => {
    const finished = await app.client.waitForCompletion(await app.client.startNew('echo', { instanceId: 'finished', input: 1 }));
    for (const id of ['nobody', 'finished']) {
      await source.transaction((entityManager) => app.client.raiseEvent(id, 'item', 1, { entityManager }));
      await eventually(() => LOG_LINES.about(`Event 'item' for instance '${id}' was dropped`).length === 1);
    }
    expect(await app.client.getStatus('finished')).toEqual(finished);
  });

  it('[K1] [K4] a transaction that stays open holds up nothing, and what it sent is found although later messages have been consumed', async () => {
    const instances = ['first', 'second', 'third', 'fourth'];
    expect(new Set(instances.map((id) => partitionOf(id, PARTITIONS))).size).toBe(PARTITIONS);
    for (const instanceId of instances) await app.client.startNew('collects', { instanceId, input: 2 });

    const runner = await begin();
    for (const instanceId of instances) {
      await app.client.raiseEvent(instanceId, 'item', 'joined', { entityManager: runner.manager });
      await app.client.startNew('echo', { instanceId: `late ${instanceId}`, entityManager: runner.manager });
    }
    const ids = await Promise.all(Array.from({ length: 100 }, (_, index) => app.client.startNew('collects', { instanceId: `instance ${index}`, input: 1 })));
    await Promise.all([...ids, ...instances].map((id) => app.client.raiseEvent(id, 'item', 'sent later')));
    for (const id of ids) expect((await app.client.waitForCompletion(id)).output).toEqual(['sent later']);
    expect(runner.isTransactionActive).toBe(true);

    await runner.commitTransaction();
    await runner.release();
    for (const id of instances) {
      expect((await app.client.waitForCompletion(id)).output).toEqual(['sent later', 'joined']);
      expect(await endOf(`late ${id}`)).toMatchObject({ runtimeStatus: 'Completed' });
    }
  });

  it('[K1] a process that is client only joins too', async () => {
    const outside = await startApp({ storage: database.storage, worker: false });
    await source.transaction((entityManager) => outside.client.startNew('echo', { instanceId: 'a', input: 'from outside', entityManager }));
    expect((await endOf('a')).output).toBe('from outside');
  });

  it('what is sent arrives whatever character set and sql_mode the application uses', async () => {
    const text = "Zoë's \\ \"order\"\n€ 🙂";
    const latin = await openSource({ charset: 'latin1_swedish_ci' });
    await latin.transaction(async (entityManager) => {
      await entityManager.query("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'");
      await app.client.startNew('echo', { instanceId: "Zoë's 🙂", input: text, entityManager });
    });
    expect((await endOf("Zoë's 🙂")).output).toBe(text);
  });

  describe('are refused, with what to do,', () => {
    const all = (entityManager: unknown): Promise<unknown>[] => {
      const options = { entityManager: entityManager as EntityManager };
      const { client } = app;
      return [client.startNew('echo', { instanceId: 'a', ...options }), client.raiseEvent('a', 'item', 1, options), client.signalEntity(ADA, 'write', 1, options)];
    };
    const refused = { name: 'InvalidEntityManagerError', instanceId: expect.stringMatching(/^(a|@diary@Ada)$/) as string };

    it('without a transaction', async () => {
      const runner = await begin();
      await runner.commitTransaction();
      for (const manager of [source.manager, runner.manager]) {
        for (const call of all(manager)) await expect(call).rejects.toMatchObject({ ...refused, message: expect.stringContaining('has no open transaction') });
      }
      await runner.release();
    });

    it('for what is no EntityManager', async () => {
      for (const manager of [null, {}, 'manager']) {
        for (const call of all(manager)) await expect(call).rejects.toMatchObject({ ...refused, message: expect.stringContaining('is no EntityManager of TypeORM') });
      }
    });

    it('for the transaction of another database', async () => {
      const [other, file] = [await createDatabase('mysql'), await createDatabase('sqlite')];
      for (const { storage } of [other, file]) {
        const elsewhere = await openSource(storage);
        await elsewhere.transaction(async (manager) => {
          for (const call of all(manager)) await expect(call).rejects.toMatchObject({ ...refused, message: expect.stringMatching(/its transaction is one of .*, and the task hub is in/) });
        });
      }
      await Promise.all(sources.splice(0).map((opened) => opened.destroy()));
      await other.drop();
    });

    it('but not for the same database under another name of its server', async () => {
      const elsewhere = await openSource({ host: 'localhost' });
      await elsewhere.transaction((entityManager) => app.client.startNew('echo', { instanceId: 'a', entityManager }));
      expect(await endOf('a')).toMatchObject({ runtimeStatus: 'Completed' });
    });

    it('for bad arguments, as other calls are', async () => {
      await source.transaction(async (entityManager) => {
        await expect(app.client.startNew('missing', { entityManager })).rejects.toThrow("There is no orchestrator 'missing'");
        await expect(app.client.startNew('echo', { instanceId: '@a', entityManager })).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
        await expect(app.client.startNew('echo', { input: 1n, entityManager })).rejects.toMatchObject({ name: 'SerializationError' });
        await expect(app.client.raiseEvent('a', 'item', 'x'.repeat(5 * 1024 * 1024), { entityManager })).rejects.toMatchObject({ name: 'PayloadTooLargeError' });
        await expect(app.client.raiseEvent('a', '', 1, { entityManager })).rejects.toThrow("the event's name must be a non-empty string");
        await expect(app.client.raiseEvent('@diary@Ada', 'item', 1, { entityManager })).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
        await expect(app.client.signalEntity(ADA, 'write', 1n, { entityManager })).rejects.toMatchObject({ name: 'SerializationError' });
      });
    });

    it('after the module has stopped', async () => {
      await app.close();
      await source.transaction(async (entityManager) => {
        await expect(app.client.startNew('echo', { entityManager })).rejects.toThrow('has stopped');
      });
    });
  });
});

describe('calls with { entityManager } on sqlite', () => {
  const startApp = useApps();

  it('[K1] [K4] [N8] are refused, with what to do instead', async () => {
    const { storage } = await createDatabase('sqlite');
    const { client } = await startApp({ storage }, { providers: [Orders] });
    const source = await new DataSource(storage).initialize();
    const message = /on SQLite the module has a connection of its own.*after the commit.*onConflict 'useExisting'/;
    await source.transaction(async (entityManager) => {
      await expect(client.startNew('echo', { instanceId: 'a', entityManager })).rejects.toMatchObject({ name: 'InvalidEntityManagerError', message: expect.stringMatching(message) });
      await expect(client.raiseEvent('a', 'item', 1, { entityManager })).rejects.toMatchObject({ message: expect.stringMatching(message) });
      await expect(client.signalEntity(ADA, 'write', 1, { entityManager })).rejects.toMatchObject({ message: expect.stringMatching(message) });
    });
    await source.destroy();
  });
});

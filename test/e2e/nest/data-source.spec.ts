/** `storage: { dataSource }`: the connection options of a DataSource that the application has. */
import { Injectable, Module, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { DurableClient, DurableModule, Orchestrator, type DurableModuleOptions, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { createDatabase, type TestDatabase } from '../../support/databases.js';
import { eventually } from '../engine/start-app.js';
import { refusalOf, SILENT } from './support.js';

@Injectable()
class Orders {
  @Orchestrator()
  *echo(_ctx: OrchestrationContext, input: unknown): Orchestration<unknown> {
    return input;
  }
}

let database: TestDatabase;
let source: DataSource;

beforeEach(async () => {
  database = await createDatabase('mysql');
  source = new DataSource(database.storage);
});
afterEach(async () => {
  if (source.isInitialized) await source.destroy();
  await database.drop();
});

/** As @nestjs/typeorm provides it: connected, under the class or under its name. */
function applicationSource(token: string | typeof DataSource, options: Partial<DataSourceOptions> = {}) {
  const provider: Provider = {
    provide: token,
    useFactory: () => (source = new DataSource({ ...database.storage, ...options } as DataSourceOptions)).initialize(),
  };
  @Module({ providers: [provider], exports: [token] })
  class ApplicationDatabaseModule {}
  return ApplicationDatabaseModule;
}

/** Starts the application, runs an orchestration, and answers in which tables of the DataSource it left an instance. */
async function runOn(module: object, durable: ReturnType<typeof DurableModule.forRoot>): Promise<unknown[]> {
  const app = await Test.createTestingModule({ imports: [durable, module as never], providers: [Orders] }).setLogger(SILENT).compile();
  await app.init();
  const client = app.get(DurableClient, { strict: false });
  await client.waitForCompletion(await client.startNew('echo', { instanceId: 'a', input: 1 }));
  await app.close();
  return await source.query('SELECT instance_id, status FROM durable_instances');
}

const COMPLETED = [{ instance_id: 'a', status: 'Completed' }];

describe('storage: { dataSource }', () => {
  it.each([['default', DataSource], ['orders', 'ordersDataSource']] as const)("finds the DataSource '%s' as @nestjs/typeorm provides it", async (dataSource, token) => {
    expect(await runOn(applicationSource(token), DurableModule.forRoot({ storage: { dataSource } }))).toEqual(COMPLETED);
  });

  it('takes a DataSource itself, injected into forRootAsync', async () => {
    const module = applicationSource('any token');
    const durable = DurableModule.forRootAsync({ imports: [module], inject: ['any token'], useFactory: (dataSource: DataSource) => ({ storage: { dataSource } }) });
    expect(await runOn(module, durable)).toEqual(COMPLETED);
  });

  it('has a pool of its own: it works while the application holds all connections of its', async () => {
    const module = applicationSource(DataSource, { poolSize: 1, extra: { connectionLimit: 1, waitForConnections: false } });
    const app = await Test.createTestingModule({ imports: [DurableModule.forRoot({ storage: { dataSource: 'default' } }), module], providers: [Orders] })
      .setLogger(SILENT)
      .compile();
    const holder = source.createQueryRunner();
    await holder.connect();
    await app.init();
    const client = app.get(DurableClient, { strict: false });
    expect(await client.waitForCompletion(await client.startNew('echo', { input: 1 }))).toMatchObject({ runtimeStatus: 'Completed' });
    await holder.release();
    await app.close();
    expect(source.isInitialized).toBe(true);
  });

  it("leaves the application's entities, names and ways of reading results to the application", async () => {
    const foreign = { entityPrefix: 'app_', synchronize: true, dateStrings: true, flags: ['-FOUND_ROWS'], extra: { rowsAsArray: false, typeCast: () => 'cast', namedPlaceholders: true } };
    const module = applicationSource(DataSource, foreign);
    await runOn(module, DurableModule.forRoot({ storage: { dataSource: 'default' } }));
    await source.destroy();
    source = await new DataSource(database.storage).initialize();
    expect(await source.query('SELECT instance_id, status FROM durable_instances')).toEqual(COMPLETED);
  });

  it('goes to the primary of a DataSource with replicas', async () => {
    const { type: _, ...primary } = database.storage;
    const module = applicationSource('replicatedDataSource', { host: 'nowhere', replication: { master: primary, slaves: [primary] } });
    expect(await runOn(module, DurableModule.forRoot({ storage: { dataSource: 'replicated' } }))).toEqual(COMPLETED);
  });

  it('a start joins a transaction of that DataSource [K1]', async () => {
    const module = applicationSource('ordersDataSource');
    const app = await Test.createTestingModule({ imports: [DurableModule.forRoot({ storage: { dataSource: 'orders' } }), module], providers: [Orders] })
      .setLogger(SILENT)
      .compile();
    await app.init();
    const client = app.get(DurableClient, { strict: false });
    const id = await source.transaction((entityManager) => client.orchestrators(Orders).echo('joined', { entityManager }));
    await eventually(async () => (await client.getStatus(id)) !== null);
    expect((await client.waitForCompletion(id)).output).toBe('joined');
    await app.close();
  });

  describe('is refused, with what to do,', () => {
    const refusal = (storage: unknown, module?: object) => refusalOf({ imports: module ? [module as never] : [] }, { storage } as DurableModuleOptions);

    it.each([
      ['default', "the setting 'storage.dataSource' is 'default', but the application has no DataSource of this name (a provider with the token DataSource, as TypeOrmModule.forRoot(…)"],
      ['orders', "is 'orders', but the application has no DataSource of this name (a provider with the token 'ordersDataSource', as TypeOrmModule.forRoot({ name: 'orders', … })"],
    ])("when there is no '%s'", async (dataSource, message) => {
      const text = await refusal({ dataSource });
      expect(text).toContain(message);
      expect(text).toContain('DurableModule.forRootAsync({ inject');
    });

    it('for a DataSource on SQLite', async () => {
      const sqlite = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
      const message = "of type 'better-sqlite3': on SQLite the module needs a file and a connection of its own. Give it one: storage: { type: 'better-sqlite3'";
      expect(await refusal({ dataSource: sqlite })).toContain(`the setting 'storage.dataSource' is a DataSource ${message}`);
      const module = applicationSource('fileDataSource', { type: 'better-sqlite3', database: ':memory:' });
      expect(await refusal({ dataSource: 'file' }, module)).toContain(`is 'file' ${message}`);
    });

    it('for a DataSource of another kind of database', async () => {
      expect(await refusal({ dataSource: { options: { type: 'postgres' }, createQueryRunner: () => undefined } }))
        .toContain("is a DataSource of type 'postgres': the module needs MySQL or MariaDB, or a SQLite file of its own");
    });

    it.each([
      [{ dataSource: '' }, "the setting 'storage.dataSource' is '', but it must be the name of a DataSource of the application"],
      [{ dataSource: 7 }, "the setting 'storage.dataSource' is 7, but it must be the name"],
      [{ dataSource: 'orders', database: 'x' }, "the setting 'storage.database' has no effect beside storage.dataSource"],
      ['default', "the setting 'storage' is 'default', but it must be an object: connection options with a type (better-sqlite3, mysql, mariadb), or { dataSource }"],
    ])('as %j', async (storage, message) => {
      expect(await refusal(storage)).toContain(message);
    });
  });
});

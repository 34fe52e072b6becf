import { DataSource } from 'typeorm';
import { createStore } from '../../../lib/storage/index.js';
import type { DurableStore, StorageOptions } from '../../../lib/storage/index.js';
import { createDatabase, type DatabaseKind, type TestDatabase } from '../../support/databases.js';
import { PARTITION_COUNT } from './rows.js';
import { TestProcess } from './test-process.js';

/** One database for a suite. Each test has a hub of its own in it; what a test opens is closed at its end. */
export class StoreFixture {
  private database: TestDatabase | undefined;
  private readonly opened: (() => Promise<void>)[] = [];
  private hubs = 0;
  /** The hub of the running test. */
  hub = '';

  constructor(readonly kind: DatabaseKind) {
    beforeAll(async () => {
      this.database = await createDatabase(kind);
    });
    beforeEach(() => {
      this.hub = `Hub${(this.hubs += 1)}`;
    });
    afterEach(async () => {
      for (let close = this.opened.pop(); close; close = this.opened.pop()) await close();
    });
    afterAll(() => this.database?.drop());
  }

  get storage(): StorageOptions {
    return this.database!.storage;
  }

  /** An empty database besides the suite's, until the end of the test. */
  async emptyStorage(): Promise<StorageOptions> {
    const database = await createDatabase(this.kind);
    this.opened.push(() => database.drop());
    return database.storage;
  }

  /** A store that is not open yet. */
  newStore(storage = this.storage): DurableStore {
    const store = createStore(storage);
    this.closeLater(store);
    return store;
  }

  /** At the end of the test. */
  closeLater(store: DurableStore): void {
    this.opened.push(() => store.close());
  }

  async openStore({ hub = this.hub, storage = this.storage } = {}): Promise<DurableStore> {
    const store = this.newStore(storage);
    await store.open({ name: hub, partitionCount: PARTITION_COUNT });
    return store;
  }

  /** A process of the hub, registered with it, that owns these partitions. */
  async startProcess({ partitions = [], hub, storage }: { partitions?: readonly number[]; hub?: string; storage?: StorageOptions } = {}): Promise<TestProcess> {
    const process = await TestProcess.register(await this.openStore({ hub, storage }));
    await process.take(partitions);
    return process;
  }

  /** Statements past the store. */
  async sql<Row>(statement: string, values: unknown[] = []): Promise<Row[]> {
    const source = await new DataSource(this.storage).initialize();
    try {
      return await source.query(statement, values);
    } finally {
      await source.destroy();
    }
  }
}

/** Which indexes lead to the pages of getStatusBy, where there are many instances [K3]. */
import type { StorageOptions } from '../../lib/storage/index.js';
import type { InstanceQuery } from '../../lib/storage/store.js';
import { DATABASES } from '../support/databases.js';
import { inserted, newRow } from './support/rows.js';
import { Recorder } from './support/recorder.js';
import { StoreFixture } from './support/store-fixture.js';

const MANY = 3_000;
const BATCH = 500;

describe.each(DATABASES)('plans of pages on %s', (kind) => {
  const fixture = new StoreFixture(kind);

  async function start() {
    const recorder = new Recorder();
    const storage = { ...fixture.storage, logging: ['query'], logger: recorder } as StorageOptions;
    const process = await fixture.startProcess({ partitions: [0, 1, 2, 3], storage });
    for (let first = 0; first < MANY; first += BATCH) {
      const indexes = Array.from({ length: BATCH }, (_, index) => first + index);
      await process.commit(...indexes.map((index) => inserted(newRow(`many-${index}`, { status: 'Completed', createdAt: index, tags: { lot: 'all' } }))));
    }
    await process.commit(inserted(newRow('few', { status: 'Failed', name: 'rare', tags: { lot: 'all', one: 'x' } })));
    if (kind === 'mysql') for (const table of ['durable_instances', 'durable_tags']) await fixture.sql(`ANALYZE TABLE ${table}`);
    recorder.recording = true;
    return { recorder, store: process.store };
  }

  /** The indexes that a statement takes its rows from, in the order of the alphabet; that of the primary key has a name for all. */
  async function indexesOf(sql: string, values: unknown[]): Promise<string[]> {
    const plan = await fixture.sql<{ key?: string | null; detail?: string }>(`EXPLAIN ${kind === 'mysql' ? 'FORMAT=TRADITIONAL' : 'QUERY PLAN'} ${sql}`, values);
    const names = plan.flatMap(({ key, detail }) => key ?? /INDEX (durable_\w+|sqlite_\w+)/.exec(detail ?? '')?.[1] ?? []);
    return [...new Set(names.map((name) => name.replace(/^sqlite_autoindex_\w+$/, 'PRIMARY')))].sort();
  }

  it.each<[string, Partial<InstanceQuery>, string]>([
    ['nothing', {}, 'durable_instances_created'],
    ['a time', { createdFrom: 9_000, createdTo: 9_500 }, 'durable_instances_created'],
    ['a status that few have', { statuses: ['Failed'] }, 'durable_instances_status'],
    ['a status and a time', { statuses: ['Failed'], createdFrom: 1, createdTo: 2_000 }, 'durable_instances_status'],
    ['several statuses', { statuses: ['Failed', 'Completed'] }, 'durable_instances_status'],
    ['a name', { name: 'rare' }, 'durable_instances_name'],
    ['a name that few have, and a status', { name: 'rare', statuses: ['Completed'] }, 'durable_instances_name'],
    ['a tag', { tags: { lot: 'all' } }, 'durable_tags_created'],
    ['a tag, and a status that few have', { tags: { lot: 'all' }, statuses: ['Failed'] }, 'durable_instances_status'],
    ['a tag that few have among others', { tags: { lot: 'all', one: 'x' }, name: 'fulfil' }, 'durable_tags_created'],
    ['a prefix that few have', { instanceIdPrefix: 'many-12' }, 'PRIMARY'],
  ])('[K3] a page by %s comes from an index that leads to it, in one statement', async (_what, filter, index) => {
    const { store, recorder } = await start();
    await store.queryInstances({ limit: 100, ...filter });
    recorder.recording = false;
    const pages = [...recorder.statements.values()].filter(({ sql }) => !sql.startsWith('SELECT COUNT'));
    expect(pages).toHaveLength(1);
    expect(await indexesOf(pages[0]!.sql, pages[0]!.values)).toEqual([...new Set(['PRIMARY', index])].sort());
  });
});

/** Which indexes lead to the pages of getStatusBy, where there are many instances [K3]. */
import type { StorageOptions } from '../../lib/storage/index.js';
import type { InstanceQuery } from '../../lib/storage/store.js';
import { DATABASES } from '../support/databases.js';
import { inserted, newRow } from './support/rows.js';
import { Recorder } from './support/recorder.js';
import { StoreFixture } from './support/store-fixture.js';

interface PlanRow {
  readonly table?: string | null;
  readonly type?: string | null;
  readonly key?: string | null;
  readonly detail?: string;
}

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

  /** The indexes that lead to the keys of a page, and whether its rows are found by these. */
  async function planOf(sql: string, values: unknown[]): Promise<{ indexes: string[]; findsByKey: boolean }> {
    const plan = await fixture.sql<PlanRow>(`EXPLAIN ${kind === 'mysql' ? 'FORMAT=TRADITIONAL' : 'QUERY PLAN'} ${sql}`, values);
    const isRow = ({ table, type, key, detail }: PlanRow) =>
      kind === 'mysql' ? table === 'i' && type === 'eq_ref' && key === 'PRIMARY' : detail!.includes('(hub=? AND partition_no=? AND instance_id=?)');
    const found = plan.filter(isRow);
    const names = plan.filter((row) => !found.includes(row)).flatMap(({ key, detail }) => key ?? /INDEX (durable_\w+|sqlite_\w+|\(\w+=)/.exec(detail ?? '')?.[1] ?? []);
    return { indexes: [...new Set(names.map((name) => name.replace(/^sqlite_autoindex_\w+$/, 'PRIMARY')))], findsByKey: found.length > 0 };
  }

  it.each<[string, Partial<InstanceQuery>, string[]]>([
    ['nothing', {}, ['durable_instances_created']],
    ['a time', { createdFrom: 9_000, createdTo: 9_500 }, ['durable_instances_created']],
    ['a status that few have', { statuses: ['Failed'] }, ['durable_instances_status']],
    ['a status and a time', { statuses: ['Failed'], createdFrom: 1, createdTo: 2_000 }, ['durable_instances_status']],
    ['several statuses', { statuses: ['Failed', 'Completed'] }, ['durable_instances_status']],
    ['many statuses', { statuses: ['Running', 'Pending', 'Suspended', 'Completed'] }, ['durable_instances_status']],
    ['a name', { name: 'rare' }, ['durable_instances_name']],
    ['a name that few have, and a status', { name: 'rare', statuses: ['Completed'] }, ['durable_instances_name']],
    ['a tag', { tags: { lot: 'all' } }, ['durable_tags_created']],
    ['a tag, and a status that few have', { tags: { lot: 'all' }, statuses: ['Failed'] }, ['durable_instances_status', 'PRIMARY']],
    ['a tag that few have among others', { tags: { lot: 'all', one: 'x' }, name: 'fulfil' }, ['durable_tags_created', 'PRIMARY']],
    ['a prefix that few have', { instanceIdPrefix: 'many-12' }, ['PRIMARY']],
  ])('[K3] a page by %s comes from an index that leads to it, in one statement', async (_what, filter, indexes) => {
    const { store, recorder } = await start();
    await store.queryInstances({ limit: 100, ...filter });
    recorder.recording = false;
    const pages = [...recorder.statements.values()].filter(({ sql }) => !sql.startsWith('SELECT COUNT'));
    expect(pages).toHaveLength(1);
    expect(await planOf(pages[0]!.sql, pages[0]!.values)).toEqual({ indexes, findsByKey: true });
  });
});

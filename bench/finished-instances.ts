/** Fills a database with finished instances, faster than they could be run: copies of one that was. */
import { DataSource } from 'typeorm';
import { v7 as uuidV7 } from 'uuid';
import type { StorageOptions } from '../lib/index.js';
import { partitionOf } from '../lib/core/ids.js';
import { TAG_COLUMNS, tagKey } from '../lib/storage/statements/tags.js';
import { startApplication, type BenchApplication } from './application/application.js';

/** Instances of one statement. */
const CHUNK = 1_000;

type Row = Readonly<Record<string, string | number | null>>;

/** In what a copy differs, besides its times and the random part of its id. */
export interface Variation {
  readonly idPrefix?: string;
  /** Of its row in durable_instances. */
  readonly columns?: Row;
}

export interface FinishedInstances {
  /** Runs the instance that is copied, with its history; answers its id. */
  readonly template: (app: BenchApplication) => Promise<string>;
  readonly vary?: (index: number) => Variation;
}

/**
 * Adds `count` copies of a finished instance, each with its history, created one millisecond after the other, before all that is there.
 * @returns when the first was created, epoch ms
 */
export async function addFinishedInstances(storage: StorageOptions, count: number, { template, vary }: FinishedInstances): Promise<number> {
  const templateId = await runOne(storage, template);
  const source = await openBeside(storage);
  try {
    const [instance] = await source.query<Row[]>('SELECT * FROM durable_instances WHERE instance_id = ?', [templateId]);
    const [hub] = await source.query<Row[]>('SELECT partition_count FROM durable_hubs WHERE hub = ?', [instance!.hub]);
    const [oldest] = await source.query<Row[]>('SELECT MIN(created_at) AS created_at FROM durable_instances WHERE hub = ?', [instance!.hub]);
    const begin = Number(oldest!.created_at) - count;
    for (let first = 0; first < count; first += CHUNK) {
      const indexes = Array.from({ length: Math.min(CHUNK, count - first) }, (_, index) => first + index);
      const rows = indexes.map((index) => copyOf(instance!, vary?.(index), begin + index, Number(hub!.partition_count)));
      await insertInstances(source, rows);
      await copyHistories(source, instance!, begin + indexes[0]!, begin + indexes.at(-1)!);
    }
    return begin;
  } finally {
    await source.destroy();
  }
}

/** A connection besides the module's own. What is measured is durable, what is prepared and looked at need not be. */
export function openBeside(storage: StorageOptions): Promise<DataSource> {
  return new DataSource('prepareDatabase' in storage ? { ...storage, prepareDatabase: undefined } : storage).initialize();
}

async function runOne(storage: StorageOptions, template: FinishedInstances['template']): Promise<string> {
  const app = await startApplication(storage);
  try {
    return await template(app);
  } finally {
    await app.close();
  }
}

function copyOf(template: Row, { idPrefix = '', columns }: Variation = {}, time: number, partitionCount: number): Row {
  const instanceId = `${idPrefix}${uuidV7().replaceAll('-', '')}`;
  const partition = partitionOf(instanceId, partitionCount);
  const keys = { instance_id: instanceId, execution_id: uuidV7({ msecs: time }), partition_no: partition };
  return { ...template, ...columns, ...keys, created_at: time, updated_at: time };
}

async function insertInstances(source: DataSource, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0]!);
  await insert(source, 'durable_instances', columns, rows.map((row) => columns.map((column) => row[column]!)));
  await insert(source, 'durable_tags', TAG_COLUMNS, rows.flatMap(tagsOf));
}

function tagsOf({ hub, partition_no, execution_id, tags, created_at, instance_id }: Row): Row[string][][] {
  const pairs = tags === null ? {} : (JSON.parse(tags as string) as Record<string, string>);
  return Object.entries(pairs).map((tag) => [hub!, partition_no!, execution_id!, tagKey(tag), created_at!, instance_id!]);
}

async function insert(source: DataSource, table: string, columns: readonly string[], rows: readonly (readonly Row[string][])[]): Promise<void> {
  if (rows.length === 0) return;
  const marks = `(${columns.map(() => '?').join(', ')})`;
  await source.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${rows.map(() => marks).join(', ')}`, rows.flat());
}

/** Each instance that was created between these times gets the history of the template. */
async function copyHistories(source: DataSource, template: Row, from: number, to: number): Promise<void> {
  await source.query(
    'INSERT INTO durable_history (hub, partition_no, execution_id, sequence_no, event_count, format, body) ' +
      'SELECT copy.hub, copy.partition_no, copy.execution_id, history.sequence_no, history.event_count, history.format, history.body ' +
      'FROM durable_instances copy JOIN durable_history history ON history.hub = copy.hub AND history.partition_no = ? AND history.execution_id = ? ' +
      'WHERE copy.hub = ? AND copy.created_at BETWEEN ? AND ?',
    [template.partition_no, template.execution_id, template.hub, from, to],
  );
}

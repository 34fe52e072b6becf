import { OutdatedVersionError } from '../../core/client-errors.js';
import { OLDEST_SCHEMA, SCHEMA_VERSION } from '../migrations/index.js';
import type { Session } from '../session.js';
import type { HubInfo, HubOptions } from '../store.js';
import { fillTags } from './tags.js';

/** The first version with the table of tags. */
const SCHEMA_WITH_TAGS = 4;

export interface HubRecord {
  hub: number;
  partition_count: number;
  name: string;
  schema_version: number;
  oldest_schema: number;
}

/** Finds the hub, or creates it with its partitions. Runs while no other process migrates. */
export async function openHub(session: Session, { name, partitionCount }: HubOptions): Promise<HubInfo> {
  const hubs = await session.rows<HubRecord>('SELECT hub, partition_count, name, schema_version, oldest_schema FROM durable_hubs');
  const known = hubs.find((hub) => hub.name === name);
  if (known) return reopenHub(session, known);
  const hub = Math.max(0, ...hubs.map((each) => each.hub)) + 1;
  await session.write(
    'INSERT INTO durable_hubs (hub, name, partition_count, created_at, last_worker_id, schema_version, oldest_schema) ' +
      `VALUES (?, ?, ?, ${session.dialect.now}, 0, ?, ?)`,
    [hub, name, partitionCount, SCHEMA_VERSION, OLDEST_SCHEMA],
  );
  const partitions = Array.from({ length: partitionCount }, (_, partition) => [hub, partition, null, 0, 0, 0, 0]);
  await session.insert('durable_partitions', ['hub', 'partition_no', 'owner', 'epoch', 'lease_expires_at', 'commit_no', 'last_key'], partitions);
  return { hubId: hub, partitionCount };
}

async function reopenHub(session: Session, { hub, name, partition_count, schema_version, oldest_schema }: HubRecord): Promise<HubInfo> {
  const outdated = whetherOutdated({ name, schema_version, oldest_schema });
  if (outdated) throw outdated;
  if (schema_version < SCHEMA_VERSION) {
    // Before the hub's row is locked, which others need.
    if (schema_version < SCHEMA_WITH_TAGS) await fillTags(session, hub, partition_count);
    await session.write('UPDATE durable_hubs SET schema_version = ?, oldest_schema = ? WHERE hub = ?', [SCHEMA_VERSION, OLDEST_SCHEMA, hub]);
  }
  return { hubId: hub, partitionCount: partition_count };
}

/** The error to be thrown when this version may not write to the hub any more. */
export function whetherOutdated({ name, schema_version, oldest_schema }: Pick<HubRecord, 'name' | 'schema_version' | 'oldest_schema'>): OutdatedVersionError | undefined {
  return oldest_schema > SCHEMA_VERSION ? new OutdatedVersionError(name, schema_version, oldest_schema, SCHEMA_VERSION) : undefined;
}

export async function readTime(session: Session): Promise<number> {
  const [row] = await session.rows<{ now: number | string }>(`SELECT ${session.dialect.now} AS now`);
  return Number(row!.now);
}

import type { Session } from '../session.js';
import type { HubInfo, HubOptions } from '../store.js';

/** Finds the hub, or creates it with its partitions. Runs while no other process migrates. */
export async function openHub(session: Session, { name, partitionCount }: HubOptions): Promise<HubInfo> {
  const hubs = await session.rows<{ hub: number; partition_count: number; name: string }>('SELECT hub, partition_count, name FROM durable_hubs');
  const known = hubs.find((hub) => hub.name === name);
  if (known) return { hubId: known.hub, partitionCount: known.partition_count };
  const hub = Math.max(0, ...hubs.map((each) => each.hub)) + 1;
  await session.write(`INSERT INTO durable_hubs (hub, name, partition_count, created_at) VALUES (?, ?, ?, ${session.dialect.now})`, [hub, name, partitionCount]);
  const partitions = Array.from({ length: partitionCount }, (_, partition) => [hub, partition, null, 0, 0, 0, 0]);
  await session.insert('durable_partitions', ['hub', 'partition_no', 'owner', 'epoch', 'lease_expires_at', 'commit_no', 'last_key'], partitions);
  return { hubId: hub, partitionCount };
}

export async function readTime(session: Session): Promise<number> {
  const [row] = await session.rows<{ now: number | string }>(`SELECT ${session.dialect.now} AS now`);
  return Number(row!.now);
}

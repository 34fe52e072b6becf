/** Writes what clients would have sent, past them and faster: many starts and events in one transaction. */
import { randomUUID } from 'node:crypto';
import { partitionOf } from '../../lib/core/ids.js';
import { createStore, type StorageOptions } from '../../lib/storage/index.js';
import { CLIENT_SENDER_BASE, type ClientOperation, type InboxMessage, type InstanceRow, type MessageBody } from '../../lib/storage/store.js';

/** Calls of one transaction. */
const BATCH = 1_000;

export class CrowdSeed {
  private readonly operations: ClientOperation[] = [];
  private keys = Date.now() * 1_024;

  /** @param partitions of the hub */
  constructor(private readonly storage: StorageOptions, private readonly partitions: number) {}

  /** Instances `<prefix>0` and so on, which begin as soon as there is a worker. */
  start(name: string, count: number, prefix: string, input?: unknown): void {
    for (let index = 0; index < count; index += 1) {
      const row = this.row(`${prefix}${index}`, name, input);
      this.operations.push({ kind: 'start', row, message: this.message(row.instanceId, { type: 'StartInstance' }), onConflict: 'reject' });
    }
  }

  /** Events `item` with the numbers from 0 on, each with so many characters besides. */
  raise(instanceId: string, count: number, size = 0): void {
    for (let number = 0; number < count; number += 1) {
      const event = { type: 'EventRaised', name: 'item', input: JSON.stringify({ number, text: 'x'.repeat(size) }) } as const;
      this.operations.push({ kind: 'send', message: this.message(instanceId, { type: 'Deliver', event }), allowed: ['Pending', 'Running'] });
    }
  }

  /** Operations `write` of a number for entities `@name@<prefix>0` and so on. */
  signal(name: string, count: number, prefix: string, input: unknown): void {
    for (let index = 0; index < count; index += 1) {
      const message = this.message(`@${name}@${prefix}${index}`, { type: 'EntityOperation', operation: 'write', input: JSON.stringify(input) });
      this.operations.push({ kind: 'signal', message });
    }
  }

  async write(): Promise<void> {
    const store = createStore(this.storage);
    await store.open({ name: 'DurableHub', partitionCount: this.partitions });
    try {
      const handlers = { orchestrators: [], activities: [], entities: [] };
      const worker = await store.registerWorker({ incarnation: randomUUID(), worker: false, handlers, leaseDuration: 60_000 });
      for (let commitNo = 1; this.operations.length > 0; commitNo += 1) {
        const operations = this.operations.splice(0, BATCH);
        await store.applyClientBatch(worker, { operations, previousCommitNo: commitNo - 1, commitNo, lastKey: this.keys });
      }
      await store.unregisterWorker(worker);
    } finally {
      await store.close();
    }
  }

  private row(instanceId: string, name: string, input: unknown): InstanceRow {
    const now = Date.now();
    return {
      partition: partitionOf(instanceId, this.partitions), instanceId, executionId: randomUUID(), name, input: input === undefined ? undefined : JSON.stringify(input),
      status: 'Pending', createdAt: now, updatedAt: now, historyLength: 0, rowVersion: 1,
    };
  }

  private message(instanceId: string, body: MessageBody): InboxMessage {
    return { partition: partitionOf(instanceId, this.partitions), key: (this.keys += 1), sender: CLIENT_SENDER_BASE, instanceId, body };
  }
}

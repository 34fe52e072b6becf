/**
 * Looks at the histories of running instances from outside, so that it is known which results were committed before a kill:
 * those activities must never begin again.
 */
import { createStore, type DurableStore, type StorageOptions } from '../../lib/storage/index.js';
import { now, taskName } from './effects.js';

const LIMIT = 2_000;

export class Observer {
  /** Tasks whose completion was seen in a committed history, and when ({@link now}). */
  readonly committed = new Map<string, number>();

  private constructor(private readonly store: DurableStore) {}

  static async open(storage: StorageOptions): Promise<Observer> {
    const store = createStore(storage);
    await store.open({ name: 'DurableHub', partitionCount: 16 });
    return new Observer(store);
  }

  /**
   * Takes note of what is committed now; answers how many instances are not finished.
   * @param durable resolves when all that could be read before will outlive a crash of the database
   */
  async look(durable?: () => Promise<void>): Promise<number> {
    const rows = await this.store.queryInstances({ statuses: ['Pending', 'Running'], limit: LIMIT });
    const { instances } = await this.store.loadInstances(rows, { maxBytes: Number.MAX_SAFE_INTEGER });
    await durable?.();
    const seenAt = now();
    for (const { row, history } of instances) {
      for (const event of history) {
        if (event.type !== 'TaskCompleted' && event.type !== 'TaskFailed') continue;
        const task = taskName(row.executionId, event.taskId);
        if (!this.committed.has(task)) this.committed.set(task, seenAt);
      }
    }
    return rows.length;
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

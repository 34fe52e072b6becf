/** Looks over the shoulder of a worker's store: reports the commits that it refuses, and stops the process where it is told to. */
import { FenceLostError, StaleMemberError } from '../../lib/storage/errors.js';
import { Session } from '../../lib/storage/session.js';
import { TypeOrmStore } from '../../lib/storage/typeorm-store.js';
import type { Freeze, WorkerMessage } from './worker-messages.js';

export function watchCommits(freeze: Freeze | undefined, tell: (message: WorkerMessage) => Promise<void>): void {
  let commits = 0;
  let isFrozen = false;
  /** Stops here until somebody sends SIGCONT. */
  async function stopAt(place: Freeze['place']): Promise<void> {
    if (isFrozen || freeze?.place !== place || commits !== freeze.commit) return;
    isFrozen = true;
    await tell({ type: 'freezing' });
    process.kill(process.pid, 'SIGSTOP');
  }

  wrap(TypeOrmStore.prototype, 'commit', (commit) => async function (this: TypeOrmStore, batch) {
    commits += 1;
    await stopAt('before');
    try {
      await commit.call(this, batch);
    } catch (error) {
      if (error instanceof FenceLostError || error instanceof StaleMemberError) void tell({ type: 'refused', reason: error.name });
      throw error;
    }
  });
  wrap(Session.prototype, 'updateMany', (updateMany) => async function (this: Session, update, rows) {
    // The fence of a commit is its last statement (I2): everything else is written by then.
    if (update.table === 'durable_partitions' && update.columns.includes('previous_no')) await stopAt('inside');
    return updateMany.call(this, update, rows);
  });
}

/** Puts another function in the place of a method. */
function wrap<T, Name extends keyof T>(prototype: T, method: Name, around: (original: T[Name]) => T[Name]): void {
  prototype[method] = around(prototype[method]);
}

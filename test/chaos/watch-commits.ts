/** Looks over the shoulder of a worker's store: reports what the fence refuses, and stops the process where it is told to. */
import { FenceLostError } from '../../lib/storage/errors.js';
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

  wrap(TypeOrmStore.prototype, 'commit', async (commit) => {
    commits += 1;
    await stopAt('before');
    try {
      await commit();
    } catch (error) {
      if (error instanceof FenceLostError) void tell({ type: 'fenced', partitions: error.partitions });
      throw error;
    }
  });
  wrap(Session.prototype, 'updateMany', async (update, { table, columns }) => {
    // The fence of a commit is its last statement (I2): everything else is written by then.
    if (table === 'durable_partitions' && columns.includes('previous_no')) await stopAt('inside');
    return update();
  });
}

/** Puts `around` in the place of a method; its first argument calls the method itself. */
function wrap<Name extends string, Args extends unknown[], R>(
  prototype: Record<Name, (...args: Args) => Promise<R>>, method: Name, around: (original: () => Promise<R>, ...args: Args) => Promise<R>,
): void {
  const original = prototype[method];
  prototype[method] = function (this: unknown, ...args: Args) {
    return around(() => original.apply(this, args), ...args);
  };
}

/** Looks over the shoulder of a worker's store: reports the commits that it refuses, and stops the process where it is told to. */
import { FenceLostError, OutcomeUnknownError, StaleMemberError } from '../../lib/storage/errors.js';
import { Session } from '../../lib/storage/session.js';
import { TypeOrmStore } from '../../lib/storage/typeorm-store.js';
import type { Freeze, WorkerMessage } from './worker-messages.js';

export interface CommitWatch {
  /** Stops the process in its next commit. */
  freezeNext(place: Freeze['place']): void;
}

export function watchCommits(first: Freeze | undefined, tell: (message: WorkerMessage) => Promise<void>): CommitWatch {
  let commits = 0;
  let freeze = first;
  /** Stops here until somebody sends SIGCONT. */
  async function stopAt(place: Freeze['place']): Promise<void> {
    if (freeze?.place !== place || commits < freeze.commit) return;
    freeze = undefined;
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
      else if (error instanceof OutcomeUnknownError) void tell({ type: 'unanswered' });
      throw error;
    }
  });
  wrap(TypeOrmStore.prototype, 'resolveCommit', (resolveCommit) => async function (this: TypeOrmStore, fences) {
    const outcomes = await resolveCommit.call(this, fences);
    void tell({ type: 'resolved', outcomes });
    return outcomes;
  });
  wrap(Session.prototype, 'commit', (commit) => async function (this: Session) {
    // The fence of a commit is its last write (I2). SQLite has it locked the file; a server gets all of it in what is sent now.
    if (this['last'].at(-1)?.sql.includes('durable_partitions')) await stopAt('inside');
    return commit.call(this);
  });
  return { freezeNext: (place) => (freeze = { commit: commits + 1, place }) };
}

/** Puts another function in the place of a method. */
function wrap<T, Name extends keyof T>(prototype: T, method: Name, around: (original: T[Name]) => T[Name]): void {
  prototype[method] = around(prototype[method]);
}

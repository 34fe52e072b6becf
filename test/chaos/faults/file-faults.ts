/** What happens to a SQLite file. */
import { setTimeout as delay } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import type { TestStorage } from '../../support/databases.js';
import type { Fault } from './fault.js';
import { fullDisk } from './full-disk.js';
import type { Ground } from './ground.js';

/** How long another process has the file locked, ms. */
const LOCKED = { least: 500, most: 7_000 };
/** Pause after a try in vain, ms: a client of this process may be in the middle of a transaction. */
const NEXT_TRY = 10;

export function fileFaults({ storage, disk }: Ground): Fault[] {
  const { database } = storage as Extract<TestStorage, { type: 'better-sqlite3' }>;
  return [
    {
      name: 'file locked',
      strike: async (random) => {
        const other = new BetterSqlite3(database, { timeout: 0 });
        while (!lock(other)) await delay(NEXT_TRY);
        await delay(random.between(LOCKED.least, LOCKED.most));
        other.exec('ROLLBACK');
        other.close();
        return 1;
      },
    },
    ...(disk ? [fullDisk(disk)] : []),
  ];
}

function lock(file: BetterSqlite3.Database): boolean {
  try {
    file.exec('BEGIN IMMEDIATE');
    return true;
  } catch {
    return false;
  }
}

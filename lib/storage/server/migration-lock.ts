import { driverError, mapError } from '../error-mapping.js';
import { TransientStoreError } from '../errors.js';
import type { Session } from '../session.js';
import { IDLE_CONNECTION } from './session-settings.js';

/** How often a start asks for the right to migrate that another process has, and for how many seconds each time: within the limit of a statement. */
const TRIES = 12;
const WAIT = 10;
/** For how many seconds the connection with the lock may have nothing to do, while tables change on another one. */
const LONGEST_MIGRATION = 86_400;
/** How often a migration may meet another. Each time at least one of the two has come further. */
const CONFLICTS = 20;
/** Table exists, column exists, index exists, row exists: another process has just made it. Deadlock: another node of a cluster has. */
const MADE_MEANWHILE = new Set([1050, 1060, 1061, 1062, 1213]);

/**
 * Runs a migration while no other process of the server does the same.
 * @param name of the lock, cut to what servers take
 * @throws TransientStoreError when another process has been at it all the time
 */
export async function whileLocked<T>(session: Session, name: string, migrate: () => Promise<T>): Promise<T> {
  const lock = name.slice(0, 64);
  if (!(await takeLock(session, lock))) throw new TransientStoreError(`Another process has been migrating the database for ${TRIES * WAIT} s.`);
  try {
    // The end of the connection releases the lock too.
    await session.rows(`SET SESSION wait_timeout = ${LONGEST_MIGRATION}`);
    return await untilAlone(migrate);
  } finally {
    await session.rows(`SET SESSION wait_timeout = ${IDLE_CONNECTION}`).catch(() => undefined);
    await session.rows('SELECT RELEASE_LOCK(?)', [lock]).catch(() => undefined);
  }
}

/**
 * Runs a migration again when it met another at the same work. GET_LOCK is local to a node of a cluster, so there it is all that
 * there is: migrations go on where others stopped, and the cluster brings their statements into one order.
 */
export async function untilAlone<T>(migrate: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await migrate();
    } catch (error) {
      if (!hasMetAnother(error)) throw error;
      if (tries === CONFLICTS) throw mapError(error) instanceof TransientStoreError ? error : new TransientStoreError((error as Error).message, { cause: error });
    }
  }
}

/** Whether the connection got the lock in time. */
async function takeLock(session: Session, name: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [row] = await session.rows<{ locked: number | string | null }>('SELECT GET_LOCK(?, ?) AS locked', [name, WAIT]);
    if (Number(row?.locked) === 1) return true;
  }
  return false;
}

function hasMetAnother(error: unknown): boolean {
  const cause = error instanceof TransientStoreError ? error.cause : error;
  return MADE_MEANWHILE.has(driverError(cause).errno ?? 0);
}

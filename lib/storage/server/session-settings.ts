import type { Server } from './server.js';

/** Seconds for which a statement waits for a lock before its transaction is tried again. */
const LOCK_WAIT = 2;
/** Seconds for which a migration waits for a transaction that uses its table. Meanwhile all others wait behind it. */
const TABLE_LOCK_WAIT = 3;
/** Seconds after which the server ends a transaction whose process has stopped in the middle of it, and frees its locks. */
const IDLE_TRANSACTION = 10;
/** The same on MySQL, which can only end connections: longer than the pool keeps one that nobody uses. */
export const IDLE_CONNECTION = 20;
/** Galera: reads and BEGIN (1), UPDATE and DELETE (2), INSERT (4) wait until the node has what was committed before anywhere. */
const SYNC_WAIT = 7;

/** Run once on each new connection. */
export function sessionSettings({ kind, galera }: Pick<Server, 'kind' | 'galera'>): string[] {
  // Without padding and case folding: ids are equal when their bytes are.
  const collation = kind === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
  // The mode is set because the server's own may cut off what is too long, or read escaped text otherwise than the driver wrote it.
  const mode = "sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'";
  const idle = kind === 'mariadb' ? `idle_transaction_timeout = ${IDLE_TRANSACTION}` : `wait_timeout = ${IDLE_CONNECTION}`;
  return [
    `SET NAMES utf8mb4 COLLATE ${collation}`,
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    `SET SESSION ${mode}, time_zone = '+00:00', innodb_lock_wait_timeout = ${LOCK_WAIT}, lock_wait_timeout = ${TABLE_LOCK_WAIT}, ${idle}`,
    // Whoever goes on at another node, after a failure or behind a proxy, must find there what was committed: a load that missed a
    // row, or an outcome that was read too early, would be taken for the truth.
    ...(galera ? [`SET SESSION wsrep_sync_wait = ${SYNC_WAIT}, wsrep_dirty_reads = OFF`] : []),
  ];
}

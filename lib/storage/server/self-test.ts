/**
 * Proves on a real connection what I2 and I4 rest on, whatever server, settings or proxy there is: once at the start, with rows of
 * a hub that does not exist, in the module's own tables, which are rolled back or taken away again.
 */
import { randomUUID } from 'node:crypto';
import { driverError, isDuplicateKey } from '../error-mapping.js';
import { StaleMemberError } from '../errors.js';
import type { Session } from '../session.js';

const TABLE = 'durable_timers';
const KEY = ['hub', 'partition_no', 'fire_at', 'execution_id', 'task_id'] as const;
const COLUMNS = [...KEY, 'instance_id'] as const;
/** Hubs are counted from 1. */
const NO_HUB = 0;
/** From this age on a row is nobody's test any more, ms. */
const LEFT_FOR = 3_600_000;
const ER_PARSE_ERROR = 1064;
const ER_DATA_TOO_LONG = 1406;

/**
 * @param transact runs one transaction as the store does
 * @throws Error that names what failed, and what to do
 */
export async function testServer(session: Session, title: string, transact: Transact): Promise<void> {
  const fail = (what: string, remedy: string): never => {
    throw new Error(`The database server (${title}) does not do what nestjs-durable relies on: ${what}. ${remedy}`);
  };
  const now = await testSession(session, fail);
  await testList(session, fail);
  const token = randomUUID();
  await session.write(session.dialect.begin);
  try {
    await testTransaction(session, token, fail);
  } finally {
    await session.write('ROLLBACK');
  }
  if (await takeAway(session, token)) {
    fail('ROLLBACK does not take back what was written', 'The durable_ tables must be tables of InnoDB, and transactions must not end with each statement.');
  }
  await testCommit(session, transact, { token, now }, fail);
}

/** Whether anything was left. */
async function takeAway(session: Session, token: string): Promise<boolean> {
  return (await session.write(`DELETE FROM ${TABLE} WHERE hub = ? AND instance_id = ?`, [NO_HUB, token])) > 0;
}

type Transact = (work: (session: Session) => Promise<void>) => Promise<void>;
type Fail = (what: string, remedy: string) => never;

/** Answers the server's time, epoch ms. */
async function testSession(session: Session, fail: Fail): Promise<number> {
  const rows = await session.rows<{ Variable_name: string; Value: string }>(
    "SHOW SESSION VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')",
  );
  const isolation = rows.map(({ Value }) => Value).join();
  if (!rows.every(({ Value }) => Value === 'READ-COMMITTED')) fail(`transactions are ${isolation}, not READ-COMMITTED`, 'Does a proxy keep the settings of sessions?');
  const [row] = await session.rows<{ now: number | string }>(`SELECT ${session.dialect.now} AS now`);
  const now = Number(row!.now);
  if (!(now > 1_000_000_000_000)) fail(`its clock answers ${row!.now}, not milliseconds`, 'Does a proxy or the option typeCast change what is answered?');
  return now;
}

async function testList(session: Session, fail: Fail): Promise<void> {
  const list = session.newList();
  for (const name of ['a', 'b']) list.write(`SET @durable_${name} = 1`, []);
  if (await isRefused(session.perform(list), isSyntaxError)) fail('it refuses several statements in one text', "Leave the driver's flag MULTI_STATEMENTS alone, in storage.flags too.");
}

/** The server counts, and ends a transaction by what it has counted. */
async function testCommit(session: Session, transact: Transact, { token, now }: { token: string; now: number }, fail: Fail): Promise<void> {
  const remedy = 'Does a proxy spread the statements of a session over several connections?';
  const [kept, counted] = [`kept-${token}`, `counted-${token}`];
  // Of processes that were killed in the middle of this.
  await session.write(`DELETE FROM ${TABLE} WHERE hub = ? AND fire_at > 0 AND fire_at < ?`, [NO_HUB, now - LEFT_FOR]);
  const attempt = (deleted: string) =>
    transact(async (one) => {
      const list = one.newList();
      list.insert(TABLE, COLUMNS, [kept, counted].map((id) => [NO_HUB, 0, now, id, 0, token]));
      list.deleteMany(TABLE, KEY, [[NO_HUB, 0, now, deleted, 0]], () => new StaleMemberError('A row too few matched.'));
      one.writeLast(list);
    });
  const isRefusedAsStale = await isRefused(attempt(`not-${token}`), (error) => error instanceof StaleMemberError);
  if ((await takeAway(session, token)) || !isRefusedAsStale) fail('it does not roll back a transaction in which a row too few matched', remedy);
  const isRefusedAtAll = await isRefused(attempt(counted), (error) => error instanceof StaleMemberError || isDuplicateKey(error));
  if (!(await takeAway(session, token)) || isRefusedAtAll) fail('it does not commit a transaction in which all rows matched', remedy);
}

async function testTransaction(session: Session, token: string, fail: Fail): Promise<void> {
  const rowOf = (id: string) => [NO_HUB, 0, 0, id, 0, token];
  const keyOf = (id: string) => rowOf(id).slice(0, KEY.length);
  // What differs in its bytes alone is different.
  const ids = [`a-${token}`, `A-${token}`, `a-${token} `];
  try {
    await session.insert(TABLE, COLUMNS, ids.map(rowOf));
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    fail('ids that differ in case or in trailing blanks are taken for the same', 'The columns of the durable_ tables need the collation that the module gave them.');
  }
  const [first, second] = ids as [string, string, string];
  const missing = `b-${token}`;
  const matched = await session.updateMany(
    { table: TABLE, columns: COLUMNS, where: KEY.map((column) => `t.${column} = v.${column}`), set: ['instance_id = v.instance_id'] },
    [first, missing].map(rowOf),
  );
  if (matched !== 1) fail(`an update of one row as it is and of a missing one counts ${matched} rows, not 1`, "Leave the driver's flag FOUND_ROWS alone, in storage.flags too.");
  const deleted = await session.deleteMany(TABLE, KEY, [second, missing].map(keyOf));
  if (deleted !== 1) fail(`a deletion of one row and of a missing one counts ${deleted} rows, not 1`, 'Does a proxy change what is answered?');
  if (!(await isRefused(session.insert(TABLE, COLUMNS, [rowOf(first)]), isDuplicateKey))) {
    fail('a second row with the same key is not refused with ER_DUP_ENTRY', 'The durable_ tables need the keys that the module gave them.');
  }
  if (!(await isRefused(session.insert(TABLE, COLUMNS, [rowOf('x'.repeat(256))]), isTooLong))) {
    fail('what is too long is cut off', 'The sql_mode of the session must be strict: does a proxy keep the settings of sessions?');
  }
  const locked = await session.rows(`SELECT task_id FROM ${TABLE} WHERE hub = ? AND execution_id = ?${session.dialect.forUpdateSkipLocked}`, [NO_HUB, first]);
  if (locked.length !== 1) fail(`FOR UPDATE SKIP LOCKED finds ${locked.length} rows in place of 1`, 'The durable_ tables must be tables of InnoDB.');
}

/** Whether a statement fails as it should. @throws what else it fails with, which says nothing of the server */
async function isRefused(statement: Promise<unknown>, isExpected: (error: unknown) => boolean): Promise<boolean> {
  try {
    await statement;
    return false;
  } catch (error) {
    if (isExpected(error)) return true;
    throw error;
  }
}

const isSyntaxError = (error: unknown): boolean => driverError(error).errno === ER_PARSE_ERROR;
const isTooLong = (error: unknown): boolean => driverError(error).errno === ER_DATA_TOO_LONG;

/**
 * Calls of clients that are a part of the application's own transaction. Each is one INSERT through the application's
 * connection: it reads no table and locks nothing but its new row, so that a transaction that stays open for long holds up
 * no commit of the engine, and is held up by none.
 */
import type { DataSourceOptions, EntityManager } from 'typeorm';
import { InvalidEntityManagerError } from '../core/client-errors.js';
import { addressOf } from './connection-address.js';
import type { Database } from './database.js';
import { MESSAGE_COLUMNS, messageValues } from './statements/inbox.js';
import type { InboxMessage } from './store.js';

const ON_SQLITE =
  'on SQLite the module has a connection of its own, which cannot be a part of your transaction. Call after the commit, without ' +
  "entityManager; for a start with an instanceId of your own and onConflict 'useExisting', so that it can be repeated.";
const NO_MANAGER = 'it is no EntityManager of TypeORM. Give the one that dataSource.transaction(async (manager) => …) passes.';
const NO_TRANSACTION =
  'the EntityManager has no open transaction. Give the one that dataSource.transaction(async (manager) => …) passes, while it runs; ' +
  'outside of a transaction call without entityManager.';
/** Text of the statement besides its values, bytes at most. */
const STATEMENT_TEXT = 1_024;

/** Finds out, once for each DataSource of the application, whether its transactions reach a hub's tables. */
export class JoinedCalls {
  private readonly reachable = new WeakSet<object>();

  constructor(private readonly database: Database) {}

  /** @throws {InvalidEntityManagerError} */
  async insert(manager: object, hub: number, message: InboxMessage): Promise<void> {
    const { connection, queryRunner } = this.usable(manager, message.instanceId);
    if (!this.reachable.has(connection)) {
      await this.assertSameDatabase(manager as EntityManager, message.instanceId);
      this.reachable.add(connection);
    }
    // As bytes: the application's connection may have another character set, or a mode in which it reads escaped text otherwise.
    const values = messageValues(hub, message).map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
    this.refuseTooLarge(values);
    const marks = values.map((value) => (typeof value === 'object' ? 'CONVERT(? USING utf8mb4)' : '?'));
    await queryRunner.query(`INSERT INTO durable_inbox (${MESSAGE_COLUMNS.join(', ')}) VALUES (${marks.join(', ')})`, values);
  }

  /** By its parts: the application may have loaded a copy of TypeORM of its own. */
  private usable(manager: object, instanceId: string) {
    if (this.database.dialect.name === 'sqlite') throw new InvalidEntityManagerError(instanceId, ON_SQLITE);
    const { connection, queryRunner } = (manager ?? {}) as Partial<EntityManager>;
    if (!connection?.options) throw new InvalidEntityManagerError(instanceId, NO_MANAGER);
    if (!queryRunner?.isTransactionActive) throw new InvalidEntityManagerError(instanceId, NO_TRANSACTION);
    return { connection, queryRunner };
  }

  private async assertSameDatabase(manager: EntityManager, instanceId: string): Promise<void> {
    const { options } = manager.connection;
    const address = addressOf(options);
    if (address !== undefined && address === addressOf(this.database.source.options)) return;
    const [own, theirs] = [await this.database.read((session) => session.rows<Place>(PLACE)), isMysql(options) ? await manager.query<Place[]>(PLACE) : []];
    if (nameOf(own[0]) === nameOf(theirs[0])) return;
    throw new InvalidEntityManagerError(
      instanceId,
      `its transaction is one of ${nameOf(theirs[0]) ?? `a ${options.type} database`}, and the task hub is in ${nameOf(own[0])}. ` +
        'Join a transaction of the database that holds the task hub, or call after the commit, without entityManager.',
    );
  }

  private refuseTooLarge(values: readonly unknown[]): void {
    // As hexadecimal digits.
    const bytes = values.reduce<number>((sum, value) => sum + (Buffer.isBuffer(value) ? value.length * 2 : 0), STATEMENT_TEXT);
    if (bytes <= this.database.maxStatementBytes) return;
    throw new Error(
      `A call with { entityManager } takes ${bytes} bytes in a statement (two for each byte of its data), and the server allows ` +
        `${this.database.maxStatementBytes}: raise its max_allowed_packet, or call after the commit, without entityManager.`,
    );
  }
}

interface Place {
  readonly host: string;
  readonly port: number | string;
  readonly name: string | null;
}

/** Where a connection has led. It names no table, and so leaves the transaction's snapshot to be taken later. */
const PLACE = 'SELECT @@hostname AS host, @@port AS port, DATABASE() AS name';

function nameOf(place: Place | undefined): string | undefined {
  return place && `${place.host}:${place.port}/${place.name ?? ''}`;
}

function isMysql({ type }: DataSourceOptions): boolean {
  return type === 'mysql' || type === 'mariadb';
}

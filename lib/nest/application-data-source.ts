import type { ModuleRef } from '@nestjs/core';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { InvalidSettingError } from '../engine/settings-validation.js';
import type { ServerOptions } from '../storage/index.js';

const SETTING = 'storage.dataSource';

/** What says where a server is and who comes; all else belongs to the application's own entities and pool. */
const CONNECTION = [
  'type', 'url', 'host', 'port', 'socketPath', 'username', 'password', 'database', 'ssl', 'connectTimeout', 'insecureAuth', 'extra',
] as const;
/** Of `extra`, which goes to mysql2 as it is: what shapes the pool, statements and results. */
const NOT_CONNECTION: ReadonlySet<string> = new Set([
  'connectionLimit', 'maxIdle', 'idleTimeout', 'queueLimit', 'waitForConnections', 'typeCast', 'rowsAsArray', 'nestTables', 'namedPlaceholders',
  'dateStrings', 'decimalNumbers', 'supportBigNumbers', 'bigNumberStrings', 'stringifyObjects', 'jsonStrings', 'charset', 'charsetNumber', 'timezone',
  'multipleStatements', 'flags',
]);

export function isDataSource(value: unknown): value is DataSource {
  // By its parts: the application may have loaded a copy of TypeORM of its own.
  const { options, createQueryRunner } = (value ?? {}) as Partial<DataSource>;
  return typeof options === 'object' && typeof createQueryRunner === 'function';
}

/**
 * How to connect to where a DataSource of the application leads.
 * @param reference the DataSource, or its name as `TypeOrmModule.forRoot({ name })` has it
 * @throws {InvalidSettingError} when there is none of this name, or it is not of MySQL or MariaDB
 */
export function serverOptionsOf(reference: string | DataSource, modules: ModuleRef): ServerOptions {
  const { options } = typeof reference === 'string' ? findDataSource(reference, modules) : reference;
  const label = typeof reference === 'string' ? `'${reference}'` : 'a DataSource';
  if (options.type === 'mysql' || options.type === 'mariadb') return connectionOf(options);
  throw new InvalidSettingError(SETTING, `is ${label} of type '${options.type}': ${adviceOn(options.type)}`);
}

function adviceOn(type: DataSourceOptions['type']): string {
  return /sqlite|sqljs/.test(type)
    ? "on SQLite the module needs a file and a connection of its own. Give it one: storage: { type: 'better-sqlite3', database: 'durable.sqlite' }"
    : 'the module needs MySQL or MariaDB, or a SQLite file of its own. Give it one by its connection options';
}

/** By the tokens of @nestjs/typeorm: the class for the default DataSource, else the name with an ending. */
function findDataSource(name: string, modules: ModuleRef): DataSource {
  const token = name === 'default' ? DataSource : `${name}DataSource`;
  let found: unknown;
  try {
    found = modules.get<unknown>(token, { strict: false });
  } catch {
    // It is told below, in the terms of the setting.
  }
  if (isDataSource(found)) return found;
  throw new InvalidSettingError(
    SETTING,
    `is '${name}', but the application has no DataSource of this name (a provider with the token ${name === 'default' ? 'DataSource' : `'${name}DataSource'`}, ` +
      `as TypeOrmModule.forRoot(${name === 'default' ? '…' : `{ name: '${name}', … }`}) makes one). Another DataSource can be given itself: ` +
      'DurableModule.forRootAsync({ inject: […], useFactory: (dataSource) => ({ storage: { dataSource } }) })',
  );
}

function connectionOf(options: ServerOptions): ServerOptions {
  // Replicas are for the application: a task hub is on the primary.
  const given = { ...options, ...options.replication?.master } as Record<string, unknown>;
  const connection = Object.fromEntries(CONNECTION.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]));
  const extra = Object.fromEntries(Object.entries((options.extra ?? {}) as object).filter(([key]) => !NOT_CONNECTION.has(key)));
  return { ...connection, extra } as unknown as ServerOptions;
}

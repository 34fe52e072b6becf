import { Injectable, Module } from '@nestjs/common';
import type { StorageOptions } from 'nestjs-durable';

/**
 * `WAREHOUSE_KEY`: opens the management API of the warehouse, for whoever has it. It shapes the module graph, so it is known before
 * there are providers. Give one of your own wherever others could reach the warehouse.
 */
export const WAREHOUSE_KEY = process.env.WAREHOUSE_KEY || 'the-key-of-the-sample';

/** Everything that the environment decides, for both applications. */
@Injectable()
export class AppConfig {
  /** `PORT`: where the REST API listens. Default 3000. */
  readonly port = wholeNumber('PORT', 3000, 65_535);

  /** `STEP_DELAY_MS`: how long each activity takes, so that one can watch, and interrupt. Default 1 000. */
  readonly stepDelay = wholeNumber('STEP_DELAY_MS', 1_000, 600_000);

  /** `DATABASE_URL`: `mysql://user:password@host:3306/database`. Default: an SQLite file in the working directory. */
  readonly storage = storageOf(process.env.DATABASE_URL, 'durable.sqlite');

  /** `WAREHOUSE_PORT`: where the warehouse listens. Default 3001. */
  readonly warehousePort = wholeNumber('WAREHOUSE_PORT', 3001, 65_535);

  /** `WAREHOUSE_URL`: where the shop finds it. Default: on this machine. */
  readonly warehouseUrl = process.env.WAREHOUSE_URL || `http://127.0.0.1:${this.warehousePort}`;

  readonly warehouseKey = WAREHOUSE_KEY;

  /** `WAREHOUSE_DATABASE_URL`: as `DATABASE_URL`, which is its default: task hubs keep the applications apart in one database. */
  readonly warehouseStorage = storageOf(process.env.WAREHOUSE_DATABASE_URL || process.env.DATABASE_URL, 'warehouse.sqlite');
}

@Module({ providers: [AppConfig], exports: [AppConfig] })
export class AppConfigModule {}

function wholeNumber(variable: string, preset: number, maximum: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return preset;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > maximum) {
    throw new Error(`${variable} must be a whole number from 0 to ${maximum}, but is '${text}'.`);
  }
  return value;
}

function storageOf(url: string | undefined, file: string): StorageOptions {
  if (url === undefined || url === '') return { type: 'better-sqlite3', database: file };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const database = parsed?.pathname.slice(1);
  if (parsed === undefined || !/^(mysql|mariadb):$/.test(parsed.protocol) || !database) {
    // The URL itself holds a password: it stays out of the message.
    throw new Error('DATABASE_URL and WAREHOUSE_DATABASE_URL must have the form mysql://user:password@host:3306/database.');
  }
  return {
    type: parsed.protocol === 'mariadb:' ? 'mariadb' : 'mysql',
    host: parsed.hostname,
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    username: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(database),
  };
}

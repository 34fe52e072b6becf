/**
 * The database of one round, which faults may harm: a server, or a file, of its own on a small disk of its own, in memory. Where this
 * process may not mount one, it lies where temporary files lie, and its disk is never full.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { startMysql, type MysqlServer } from '../../../scripts/mysql-server.js';
import { smallDisk, type SmallDisk } from '../../../scripts/small-disk.js';
import type { DatabaseKind, TestDatabase, TestStorage } from '../../support/databases.js';

/** Beyond what an empty server takes and a round writes, MB. */
const DISK_SIZE: Record<DatabaseKind, number> = { mysql: 640, sqlite: 128 };
const DATABASE = 'chaos';
/** Another one, of the administrator. */
const MARKS = 'chaos_marks';
const USER = 'worker';

export type ServerStorage = Extract<TestStorage, { type: 'mysql' }>;

/** A database for {@link Stage.open}; its `drop` removes everything. */
export interface Ground extends TestDatabase {
  readonly disk: SmallDisk | undefined;
  /** Resolves when all that could be read before will outlive a crash of the database. */
  readonly durable: () => Promise<void>;
  /** What its server has said. */
  readonly log?: () => string;
}

/** The workers' user may do nothing but use its database: a server that is read-only is so for them. */
export interface ServerGround extends Ground {
  readonly storage: ServerStorage;
  readonly server: MysqlServer;
  /** Statements of the server's administrator. */
  readonly admin: <Row>(statement: string) => Promise<Row[]>;
}

export function isServer(ground: Ground): ground is ServerGround {
  return ground.kind === 'mysql';
}

export async function sqliteGround(): Promise<Ground> {
  const disk = smallDisk(DISK_SIZE.sqlite);
  const place = disk?.path ?? mkdtempSync(join(tmpdir(), 'nestjs-durable-chaos-'));
  const drop = async (): Promise<void> => (disk ? disk.remove() : rmSync(place, { recursive: true, force: true }));
  return { kind: 'sqlite', storage: { type: 'better-sqlite3', database: join(place, 'hub.sqlite') }, disk, durable: async () => {}, drop };
}

function dataDirectory({ path }: SmallDisk): string {
  const directory = join(path, 'data');
  mkdirSync(directory);
  return directory;
}

export async function serverGround(): Promise<ServerGround> {
  const disk = smallDisk(DISK_SIZE.mysql);
  // Only the data: a server whose temporary files find no place would refuse before its tables do.
  const server = await startMysql({ dataDirectory: disk && dataDirectory(disk) });
  const admin = async <Row>(statement: string): Promise<Row[]> => {
    const connection = await createConnection(server.url);
    try {
      const [rows] = await connection.query<RowDataPacket[]>(statement);
      return rows as Row[];
    } finally {
      await connection.end();
    }
  };
  const { hostname, port } = new URL(server.url);
  const password = randomBytes(12).toString('hex');
  await admin(`CREATE DATABASE ${DATABASE}`);
  await admin(`CREATE DATABASE ${MARKS}`);
  await admin(`CREATE TABLE ${MARKS}.marks (mark INT PRIMARY KEY AUTO_INCREMENT)`);
  await admin(`CREATE USER '${USER}'@'${hostname}' IDENTIFIED BY '${password}'`);
  await admin(`GRANT ALL PRIVILEGES ON ${DATABASE}.* TO '${USER}'@'${hostname}'`);
  return {
    kind: 'mysql', disk, server, admin,
    log: server.log,
    // InnoDB shows a transaction before its log is flushed (measured on MariaDB 10.11: 6 of 20 kills took back what had been read). The log is in order.
    durable: async () => void (await admin(`INSERT INTO ${MARKS}.marks VALUES ()`)),
    storage: { type: 'mysql', host: hostname, port: Number(port), username: USER, password, database: DATABASE },
    drop: async () => {
      await server.stop();
      await disk?.remove();
    },
  };
}

import { CreateDurableTables1763700000000 } from './1763700000000-create-durable-tables.js';
import { CountAttempts1795219200000 } from './1795219200000-count-attempts.js';

export const MIGRATIONS_TABLE = 'durable_migrations';

/** Raised with each migration. A hub notes the newest version that has opened it. */
export const SCHEMA_VERSION = 2;

/** The oldest version that may still write to a hub which this one has opened. */
export const OLDEST_SCHEMA = 1;

/** In order. Migrations only expand: versions that are next to each other run together on one database. */
export const durableMigrations = [CreateDurableTables1763700000000, CountAttempts1795219200000];

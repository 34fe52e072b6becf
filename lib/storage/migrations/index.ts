import { CreateDurableTables1763700000000 } from './1763700000000-create-durable-tables.js';
import { CountAttempts1795219200000 } from './1795219200000-count-attempts.js';
import { CreateEntityTables1796428800000 } from './1796428800000-create-entity-tables.js';
import { IndexInstances1797638400000 } from './1797638400000-index-instances.js';

export const MIGRATIONS_TABLE = 'durable_migrations';

/** Raised with each migration. A hub notes the newest version that has opened it. */
export const SCHEMA_VERSION = 4;

/**
 * The oldest version that may still write to a hub which this one has opened. 3: an owner of before entities takes a message for
 * one for that of an instance which is missing, and consumes it. 4: no filter would find the tags of what an older one starts.
 */
export const OLDEST_SCHEMA = 4;

/** In order. Migrations only expand: versions that are next to each other run together on one database. */
export const durableMigrations = [CreateDurableTables1763700000000, CountAttempts1795219200000, CreateEntityTables1796428800000, IndexInstances1797638400000];

import { CreateDurableTables1763700000000 } from './1763700000000-create-durable-tables.js';

export const MIGRATIONS_TABLE = 'durable_migrations';

/** In order. Migrations only expand: versions that are next to each other run together on one database. */
export const durableMigrations = [CreateDurableTables1763700000000];

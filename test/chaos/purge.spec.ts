/** A purge of many finished instances beside running ones. CHAOS_PURGED changes how many. */
import { measurePurge } from '../../bench/measures/purge.js';
import { createDatabase, DATABASES } from '../support/databases.js';

const INSTANCES = Number(process.env.CHAOS_PURGED ?? 100_000);
/** Lots that they are purged in. */
const ROUNDS = 8;

it.each(DATABASES)(`[K4] a purge of ${INSTANCES} finished instances leaves the running ones more than half of their throughput, on %s`, async (kind) => {
  const database = await createDatabase(kind);
  try {
    const impact = await measurePurge(database.storage, INSTANCES, ROUNDS);
    process.stderr.write(`Purge on ${kind}: ${JSON.stringify(impact)}\n`);
    expect(impact.ratio).toBeGreaterThan(0.5);
  } finally {
    await database.drop();
  }
});

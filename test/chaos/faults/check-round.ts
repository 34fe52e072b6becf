/** Whether a round has left everything as it must be. */
import type { StorageOptions } from '../../../lib/storage/index.js';
import { countTorn, countTransfers, readBookings } from '../checker/bookings.js';
import { checkAccounts, readAccounts, readReceipts } from '../checker/check-accounts.js';
import { checkDatabase, readSettledTables } from '../checker/check-database.js';
import { checkEffects, interrupted, runAgain } from '../checker/check-effects.js';
import { checkJourneys } from '../checker/check-journeys.js';
import { checkTransfers } from '../checker/check-transfers.js';
import { readTables } from '../checker/tables.js';
import type { Journey } from '../driver.js';
import { readEffects } from '../effects.js';
import type { Fleet } from '../fleet.js';
import { expectedAttempts } from '../model.js';
import type { Observer } from '../observer.js';
import { GIFT_FAILED, type TransferTraffic } from '../transfer-traffic.js';
import type { RoundOutcome } from './round-report.js';

export interface RoundRemains {
  readonly storage: StorageOptions;
  /** Directory of the effects logs. */
  readonly effects: string;
  readonly journeys: readonly Journey[];
  readonly traffic: TransferTraffic;
  readonly observer: Observer;
  readonly fleet: Fleet;
}

const OF_JOURNEYS = ['journey', 'leg', 'doomed'];

/** All instances have ended, and workers still run: they are stopped now. */
export async function checkRound({ storage, effects: directory, journeys, traffic, observer, fleet }: RoundRemains): Promise<RoundOutcome> {
  await observer.look();
  const tables = await readSettledTables(storage);
  const bookings = readBookings(tables);
  const effects = readEffects(directory);
  const { runs, gifts } = traffic;
  const attempts = journeys.flatMap(({ plan }) => expectedAttempts(plan));
  const problems = [
    ...checkJourneys(journeys, tables.instances.filter(({ name }) => OF_JOURNEYS.includes(name))),
    ...checkEffects(effects.filter(({ input }) => input.call.startsWith('journey-')), attempts, observer.committed, fleet.stops),
    ...runs.flatMap(checkTransfers),
    ...checkAccounts(readAccounts(tables), bookings, gifts, readReceipts(tables)),
    ...checkDatabase(tables),
    ...fleet.errors.filter((error) => !GIFT_FAILED.test(error) && !fleet.failedStarts.has(error)),
    ...(await checkEnd(fleet, storage)),
  ];
  const { commits, takeovers, reconnected, failedStarts } = fleet;
  return {
    problems,
    work: {
      journeys: journeys.length, transfers: countTransfers(bookings), instances: tables.instances.length, gifts: gifts.length,
      events: journeys.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0), activities: attempts.length, 'seen committed': observer.committed.size,
    },
    consequences: {
      takeovers, 'fences lost': commits.FenceLostError, 'stale members': commits.StaleMemberError,
      'COMMITs unanswered': commits.unanswered, 'found committed': commits.committed, 'found not committed': commits['not-committed'], 'found lost': commits.lost,
      reconnections: reconnected, 'failed starts': failedStarts.size,
      'activities interrupted': interrupted(effects), 'run again': runAgain(effects), 'transfers torn': countTorn(bookings),
    },
  };
}

/** A clean stop gives everything back. */
async function checkEnd(fleet: Fleet, storage: StorageOptions): Promise<string[]> {
  const codes = await fleet.stop();
  const { owners } = await readTables(storage);
  return [
    ...codes.filter((code) => code !== 0).map((code) => `a worker that was closed ended with ${code}`),
    ...(owners.some((owner) => owner !== null) ? ['workers that were closed have kept partitions'] : []),
  ];
}

/** What every test with journeys needs: a stage with workers, a client and an observer outside of them, and the final check. */
import type { StorageOptions } from '../../lib/storage/index.js';
import type { DatabaseKind } from '../support/databases.js';
import { checkDatabase, readSettledTables } from './checker/check-database.js';
import { checkEffects } from './checker/check-effects.js';
import { checkJourneys } from './checker/check-journeys.js';
import type { StoredTables } from './checker/tables.js';
import { Driver } from './driver.js';
import { readEffects, type Effect } from './effects.js';
import type { Fleet } from './fleet.js';
import { expectedAttempts } from './model.js';
import { Observer } from './observer.js';
import type { Random } from './random.js';
import { Stage } from './stage.js';

export interface CrashRunOptions {
  readonly kind: DatabaseKind;
  readonly random: Random;
  /** ms */
  readonly leaseDuration: number;
  /** Longest pause before each external event, ms. */
  readonly maxPause: number;
  /** Of workers by place, where they do not all take the same way to the database. */
  readonly storageOf?: (place: number) => StorageOptions;
}

export interface Outcome {
  /** Everything that is wrong; empty when all is well. */
  readonly problems: readonly string[];
  readonly tables: StoredTables;
  readonly effects: readonly Effect[];
  /** Attempts of activities that had to run. */
  readonly attempts: number;
}

/** To be closed whatever happens. */
export class CrashRun {
  private constructor(readonly stage: Stage, readonly fleet: Fleet, readonly driver: Driver, readonly observer: Observer) {}

  static async open({ kind, random, leaseDuration, maxPause, storageOf }: CrashRunOptions): Promise<CrashRun> {
    const stage = await Stage.open(kind, { leaseDuration });
    const fleet = stage.fleet({}, storageOf && ((place) => ({ storage: storageOf(place) })));
    const driver = new Driver({ client: stage.client, fleet, random, maxPause });
    return new CrashRun(stage, fleet, driver, await Observer.open(stage.database.storage));
  }

  /** Checks everything, when all journeys are at their end and workers still run. */
  async check(): Promise<Outcome> {
    await this.observer.look();
    const tables = await readSettledTables(this.stage.database.storage);
    const effects = readEffects(this.stage.effects);
    const { journeys } = this.driver;
    const attempts = journeys.flatMap(({ plan }) => expectedAttempts(plan));
    const problems = [
      ...checkJourneys(journeys, tables.instances),
      ...checkDatabase(tables),
      ...checkEffects(effects, attempts, this.observer.committed),
    ];
    return { problems, tables, effects, attempts: attempts.length };
  }

  async close(): Promise<void> {
    await this.observer.close();
    await this.stage.close();
  }
}

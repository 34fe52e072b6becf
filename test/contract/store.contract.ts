import type { DatabaseKind } from '../support/databases.js';
import { activityCases } from './cases/activities.cases.js';
import { backlogCases } from './cases/backlog.cases.js';
import { clientBatchCases } from './cases/client-batch.cases.js';
import { commitCases } from './cases/commit.cases.js';
import { countCases } from './cases/counts.cases.js';
import { damageCases } from './cases/damage.cases.js';
import { entityCases } from './cases/entities.cases.js';
import { entityQueryCases } from './cases/entity-query.cases.js';
import { entityQueueCases } from './cases/entity-queue.cases.js';
import { openingCases } from './cases/opening.cases.js';
import { overdueCases } from './cases/overdue.cases.js';
import { ownershipCases } from './cases/ownership.cases.js';
import { purgeCases } from './cases/purge.cases.js';
import { queryCases } from './cases/query.cases.js';
import { readCases } from './cases/reads.cases.js';
import { textCases } from './cases/text.cases.js';
import { StoreFixture } from './support/store-fixture.js';

const CASES: Readonly<Record<string, (fixture: StoreFixture) => void>> = {
  opening: openingCases,
  ownership: ownershipCases,
  commit: commitCases,
  counts: countCases,
  activities: activityCases,
  backlog: backlogCases,
  damage: damageCases,
  entities: entityCases,
  'queues of entities': entityQueueCases,
  'queries of entities': entityQueryCases,
  overdue: overdueCases,
  'client batches': clientBatchCases,
  reads: readCases,
  queries: queryCases,
  purge: purgeCases,
  text: textCases,
};

/** What every DurableStore does, whatever its database; `further` adds what only this database has to show. */
export function describeStore(kind: DatabaseKind, further: (fixture: StoreFixture) => void): void {
  describe(`DurableStore on ${kind}`, () => {
    const fixture = new StoreFixture(kind);
    for (const [title, cases] of Object.entries(CASES)) describe(title, () => cases(fixture));
    describe(`${kind} itself`, () => further(fixture));
  });
}

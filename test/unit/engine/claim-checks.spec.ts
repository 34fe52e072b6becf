/** What a process finds out about claims that it may have without knowing. */
import { ClaimChecks, type ClaimChecksPort } from '../../../lib/engine/claim-checks.js';
import { StoreHealth } from '../../../lib/engine/store-health.js';
import type { RunningActivity } from '../../../lib/storage/store.js';
import { ManualClock, turn } from './support/manual-clock.js';
import { signal } from './support/test-engine.js';
import { TestLog } from './support/test-log.js';

const LEASE = 1_000;

describe('ClaimChecks', () => {
  const clock = new ManualClock();
  const claim = (taskId: number, claimedBy = 'self'): RunningActivity => ({
    partition: 0, instanceId: 'a', executionId: 'e', taskId, name: 'charge', callId: taskId, attempt: 1, claimToken: `t${taskId}`, claimedBy,
  });
  /** In the database. */
  let claims: RunningActivity[];
  let known: string[];
  let returned: string[];
  let beforeAnswer: () => Promise<void>;
  let checks: ClaimChecks;

  beforeEach(() => {
    [claims, known, returned] = [[], [], []];
    beforeAnswer = () => Promise.resolve();
    const port = {
      store: {
        async readRunningActivities() {
          const found = [...claims];
          await beforeAnswer();
          return found;
        },
        findLostClaims: () => Promise.resolve([]),
      },
      clock,
      health: new StoreHealth(new TestLog(), 'Test', () => 0),
      ownership: { members: { worker: { incarnation: 'self' } }, owns: () => undefined },
      leaseDuration: LEASE,
      partitionCount: () => 1,
      isAtWork: ({ claimToken }: RunningActivity) => known.includes(claimToken),
      giveBack: ({ claimToken }: RunningActivity) => void returned.push(claimToken),
    };
    checks = new ClaimChecks(port as unknown as ClaimChecksPort);
  });

  afterEach(() => {
    checks.stop();
    expect(clock.waiting).toBe(0);
  });

  it('[A4] gives back what the database has for this process without its knowing', async () => {
    claims = [claim(1), claim(2), claim(3, 'another')];
    known = ['t1'];
    checks.sweepLater();
    await clock.advance(2 * LEASE);
    expect(returned).toEqual(['t2']);
  });

  it('[A4] leaves what was only on its way', async () => {
    claims = [claim(1)];
    checks.sweepLater();
    await clock.advance(LEASE);
    known = ['t1'];
    await clock.advance(LEASE);
    expect(returned).toEqual([]);
  });

  it.each(['reads', 'waits'])('[A4] looks once more for what comes while it %s', async (phase) => {
    claims = [claim(1)];
    const answer = signal();
    if (phase === 'reads') beforeAnswer = () => answer.promise;
    checks.sweepLater();
    await clock.advance(LEASE);
    claims = [claim(1), claim(2)];
    checks.sweepLater();
    answer.resolve();
    await turn();
    await clock.advance(LEASE);
    expect(returned).toEqual(['t1']);
    claims = [claim(2)];
    await clock.advance(2 * LEASE);
    expect(returned).toEqual(['t1', 't2']);
  });

  it('[A4] asks again when the database is away', async () => {
    claims = [claim(1)];
    let failures = 3;
    beforeAnswer = () => (failures-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve());
    checks.sweepLater();
    await clock.advance(5 * LEASE);
    expect(returned).toEqual(['t1']);
  });
});

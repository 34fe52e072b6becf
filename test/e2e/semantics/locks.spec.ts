/** Critical sections: orchestrations that have entities to themselves for a while [L1]. */
import { Injectable } from '@nestjs/common';
import { Entity, EntityId, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Echo } from '../support/echo.js';
import { callEntity, EntityCallers } from '../support/entity-callers.js';
import { useScenarios } from '../support/harness.js';
import { holder, Holders, Ledger, ledgerOf, unlocks, waiter } from './ledger.js';

@Entity()
class Account extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  balance(): number {
    return this.state;
  }

  set(balance: number): void {
    this.state = balance;
  }
}

@Injectable()
class Orchestrators {
  /** Calls without waiting for the answer, and leaves the section, or ends. */
  @Orchestrator()
  *leavesCall(ctx: OrchestrationContext, { key, isReleasing }: { key: string; isReleasing: boolean }): Orchestration<void> {
    const lock = yield* ctx.lock(ctx.entity(Ledger, key));
    ctx.setCustomStatus('locked');
    yield* ctx.waitForExternalEvent('go');
    ctx.entity(Ledger, key).note('called inside');
    if (isReleasing) lock.release();
  }

  /** Adds to accounts what takes a read, an activity and a write: others must not come in between. */
  @Orchestrator()
  *adds(ctx: OrchestrationContext, { keys, amount }: { keys: string[]; amount: number }): Orchestration<void> {
    const accounts = keys.map((key) => ctx.entity(Account, key));
    using _lock = yield* ctx.lock(...accounts);
    const balances = yield* ctx.all(accounts.map((account) => account.balance()));
    yield* ctx.activities(Echo).echo('a while');
    yield* ctx.all(accounts.map((account, index) => account.set(balances[index]! + amount)));
  }

  /** Locks by ids and stubs, some of them twice. */
  @Orchestrator()
  *locksTwice(ctx: OrchestrationContext, [first, second]: [string, string]): Orchestration<unknown> {
    const [a, b] = [new EntityId('Ledger', first), new EntityId('ledger', second)];
    const before = ctx.isLocked();
    const request = ctx.lock(b, a, ctx.entity(Ledger, second), new EntityId('LEDGER', first), b);
    const requested = ctx.isLocked();
    const lock = yield* request;
    const inside = ctx.isLocked();
    lock.release();
    return { before, requested, inside, after: ctx.isLocked() };
  }

  /** A section of an entity that nobody has the code of. */
  @Orchestrator()
  *locksUnknown(ctx: OrchestrationContext, key: string): Orchestration<unknown> {
    const nobody = new EntityId('nobody', key);
    using _lock = yield* ctx.lock(nobody, ctx.entity(Ledger, key));
    const [call] = yield* ctx.allSettled([ctx.callEntity(nobody, 'read')]);
    return [ctx.isLocked(), call.status, yield* ctx.entity(Ledger, key).note('inside')];
  }

  /** Two sections, one after the other, the first one left by an error. */
  @Orchestrator()
  *usesLock(ctx: OrchestrationContext, key: string): Orchestration<unknown> {
    const ledger = ctx.entity(Ledger, key);
    try {
      using _lock = yield* ctx.lock(ledger);
      yield* ledger.note('first');
      throw new RangeError('out of the section');
    } catch (error) {
      yield* ledger.note((error as Error).message);
    }
    const between = ctx.isLocked();
    using _again = yield* ctx.lock(ledger);
    return [between, ctx.isLocked(), yield* ledger.note('second')];
  }
}

const scenario = useScenarios({ providers: [Ledger, Account, Holders, Orchestrators, Echo, EntityCallers] });

const range = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('a lock', () => {
  scenario('[L1] keeps others\' operations out; afterwards they are carried out in their order', async (run) => {
    const { client, id, start, until, output, state } = run;
    const ledger = ledgerOf(run, 'a');
    const owner = await holder(run, 'owner', ['a']);
    for (const number of range(5)) await client.signalEntity(ledger, 'note', number);
    await start('callEntities', [[ledger, 'note', 'call']], { instanceId: id('caller') });
    await until(id('caller'), recorded('EntityOperationCalled'));
    // What it is kept from is another entity's.
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await state(ledger)).toBeUndefined();
    await client.raiseEvent(owner, 'go');
    await output(owner);
    expect(await output(id('caller'))).toEqual([[owner, ...range(5), 'call']]);
  });

  scenario('[L1] is granted in the order of the requests, between the operations that were sent before and after them', async (run) => {
    const { client, output, stateBecomes } = run;
    const ledger = ledgerOf(run, 'a');
    const first = await holder(run, 'first', ['a']);
    await client.signalEntity(ledger, 'note', 'before the second');
    const second = await waiter(run, 'second', ['a']);
    await client.signalEntity(ledger, 'note', 'behind the second');
    const third = await waiter(run, 'third', ['a']);
    for (const owner of [third, second, first]) await client.raiseEvent(owner, 'go');
    for (const owner of [first, second, third]) await output(owner);
    await stateBecomes(ledger, [first, 'before the second', second, 'behind the second', third]);
  });

  scenario('[L1] outlives its process: whoever waited still waits, and has its turn in the end', async (run) => {
    const { output, stop, startAgain, stateBecomes } = run;
    const ledger = ledgerOf(run, 'a');
    const owner = await holder(run, 'owner', ['a']);
    await run.client.signalEntity(ledger, 'note', 'signal');
    const next = await waiter(run, 'next', ['a']);
    await stop();
    await startAgain();
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await run.state(ledger)).toBeUndefined();
    for (const each of [next, owner]) await run.client.raiseEvent(each, 'go');
    for (const each of [owner, next]) await output(each);
    await stateBecomes(ledger, [owner, 'signal', next]);
  });

  scenario('[L1] [N7] keeps a scheduled signal out that is due meanwhile', async (run) => {
    const { client, clock, output, stateBecomes } = run;
    const ledger = ledgerOf(run, 'a');
    const owner = await holder(run, 'owner', ['a']);
    await client.signalEntity(ledger, 'note', 'scheduled', { scheduledTime: new Date(Date.now() + clock.skew + 60_000) });
    await run.eventually(async () => (await run.entityRows(ledger)).queued === 1);
    clock.advance(60_000);
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await run.state(ledger)).toBeUndefined();
    await client.raiseEvent(owner, 'go');
    await output(owner);
    await stateBecomes(ledger, [owner, 'scheduled']);
  });

  scenario('[L1] [K7] granted to a suspended orchestration is kept, and used on resume', async (run) => {
    const { client, until, output, stateBecomes } = run;
    const owner = await holder(run, 'owner', ['a']);
    const next = await waiter(run, 'next', ['a']);
    await client.suspend(next);
    await until(next, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    await client.raiseEvent(owner, 'go');
    await until(next, recorded('EntityLockGranted'));
    await client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
    await client.resume(next);
    await client.raiseEvent(next, 'go');
    await output(next);
    await stateBecomes(ledgerOf(run, 'a'), [owner, next, 'signal']);
  });

  scenario('[L1] of several ids and stubs: each is locked once, in a fixed order, and isLocked tells', async (run) => {
    const { id, start, output, history } = run;
    const ids = [id('x'), id('y')].map((key) => `@ledger@${key}`);
    const instance = await start('locksTwice', [id('y'), id('x')]);
    const free = { isLocked: false, ownedLocks: [] };
    expect(await output(instance)).toEqual({ before: free, requested: free, inside: { isLocked: true, ownedLocks: ids }, after: free });
    const requests = (await history(instance)).filter(({ eventType }) => eventType === 'EntityLockRequested');
    expect(requests.map(({ instanceId }) => instanceId)).toEqual(ids);
    expect(await unlocks(run, instance)).toBe(2);
  });

  scenario('[L1] several at once, in opposite orders: no deadlock, and nobody comes in between', async (run) => {
    const { client, id, start, ended } = run;
    const keys = range(5).map((index) => id(`account ${index}`));
    // Neighbours at a round table, who reach for the left one first or for the right one.
    const pairs = range(10).map((number) => {
      const pair = [keys[number % 5]!, keys[(number + 1) % 5]!];
      return number % 2 === 0 ? pair : pair.toReversed();
    });
    const instances = await Promise.all([...pairs, keys, keys.toReversed()].map((each) => start('adds', { keys: each, amount: 1 })));
    for (const instance of instances) {
      expect(await ended(instance)).toMatchObject({ runtimeStatus: 'Completed' });
      // What it read is chance: it is not compared.
      await client.purgeInstanceHistory(instance);
    }
    for (const key of keys) expect(await run.state(new EntityId('account', key))).toBe(6);
  });

  scenario('[L1] release is idempotent: what has been released may be another\'s by then', async (run) => {
    const { client, until, output, stateBecomes } = run;
    const first = await holder(run, 'first', ['a'], 'release');
    const second = await waiter(run, 'second', ['a']);
    await client.raiseEvent(first, 'go');
    await until(second, ({ customStatus }) => customStatus === 'locked');
    await client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
    await client.raiseEvent(first, 'release again');
    await output(first);
    expect(await unlocks(run, first)).toBe(1);
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await run.state(ledgerOf(run, 'a'))).toEqual([first]);
    await client.raiseEvent(second, 'go');
    await stateBecomes(ledgerOf(run, 'a'), [first, second, 'signal']);
    await output(second);
  });

  for (const isReleasing of [true, false]) {
    scenario(`[L1] what was called inside is carried out before others' operations, also when nobody waits for it (${isReleasing ? 'released' : 'ended'})`, async (run) => {
      const { client, id, start, until, output, stateBecomes } = run;
      await start('leavesCall', { key: id('a'), isReleasing }, { instanceId: id('owner') });
      await until(id('owner'), ({ customStatus }) => customStatus === 'locked');
      await client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
      const next = await waiter(run, 'next', ['a']);
      await client.raiseEvent(id('owner'), 'go');
      await output(id('owner'));
      await client.raiseEvent(next, 'go');
      await output(next);
      await stateBecomes(ledgerOf(run, 'a'), ['called inside', 'signal', next]);
    });
  }

  scenario('[L1] [N7] needs no code of the entity: whose name nobody has can be locked, but not called', async ({ id, run, entityRows }) => {
    const ownedLocks = [`@ledger@${id('a')}`, `@nobody@${id('a')}`];
    for (const _time of [1, 2]) {
      expect((await run('locksUnknown', id('a'))).output).toMatchObject([{ isLocked: true, ownedLocks }, 'rejected', expect.arrayContaining(['inside'])]);
    }
    expect(await entityRows(new EntityId('nobody', id('a')))).toMatchObject({ queued: 0 });
  });

  scenario('[L1] is Disposable: `using` releases it where its block ends', async ({ id, run }) => {
    const { output } = await run('usesLock', id('a'));
    const inside = { isLocked: true, ownedLocks: [`@ledger@${id('a')}`] };
    expect(output).toEqual([{ isLocked: false, ownedLocks: [] }, inside, ['first', 'out of the section', 'second']]);
  });
});

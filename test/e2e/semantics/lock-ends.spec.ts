/** Locks end with their orchestration, however it ends [L1]. */
import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { callEntity, EntityCallers, listEntities } from '../support/entity-callers.js';
import { useScenarios } from '../support/harness.js';
import { holder, Holders, Ledger, ledgerOf, unlocks, waiter, type End } from './ledger.js';

@Injectable()
class Orchestrators {
  /** Adds to a ledger in each generation, always alone. */
  @Orchestrator()
  *countsDown(ctx: OrchestrationContext, { key, left }: { key: string; left: number }): Orchestration<unknown> {
    const ledger = ctx.entity(Ledger, key);
    if (left === 0) return yield* ledger.read();
    yield* ctx.lock(ledger);
    yield* ledger.note(left);
    ctx.continueAsNew({ key, left: left - 1 });
    return undefined;
  }
}

const scenario = useScenarios({ providers: [Ledger, Holders, Orchestrators, EntityCallers] });

describe('a lock ends with its orchestration', () => {
  const ends: readonly (readonly [End, string])[] = [
    ['complete', 'Completed'], ['fail', 'Failed'], ['break a rule', 'Failed'], ['continueAsNew', 'Completed'],
  ];
  for (const [end, status] of ends) {
    scenario(`[L1] that ends by: ${end}`, async (run) => {
      const owner = await holder(run, 'owner', ['a', 'b'], end);
      const next = await waiter(run, 'next', ['b']);
      await run.client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
      for (const each of [owner, next]) await run.client.raiseEvent(each, 'go');
      expect(await run.ended(owner)).toMatchObject({ runtimeStatus: status });
      // Those of earlier generations are gone with their history.
      if (end !== 'continueAsNew') expect(await unlocks(run, owner)).toBe(2);
      await run.output(next);
      await run.stateBecomes(ledgerOf(run, 'a'), [owner, 'signal']);
      expect(await run.state(ledgerOf(run, 'b'))).toEqual([owner, next]);
    });
  }

  scenario('[L1] that is continued as new: the next generation holds nothing', async (run) => {
    const owner = await holder(run, 'owner', ['a'], 'continueAsNew');
    await run.client.raiseEvent(owner, 'go');
    expect(await run.output(owner)).toEqual({ isLocked: false, ownedLocks: [] });
    expect(await callEntity(run, ledgerOf(run, 'a'), 'note', 'free')).toEqual([owner, 'free']);
  });

  scenario('[L1] [C1] that is continued as new again and again: each generation locks anew', async ({ id, run }) => {
    expect((await run('countsDown', { key: id('a'), left: 5 })).output).toEqual([5, 4, 3, 2, 1]);
  });

  scenario('[L1] that is terminated while it holds one, and while it waits for another', async (run) => {
    const { client, ended, output, stateBecomes } = run;
    const owner = await holder(run, 'owner', ['b']);
    const between = await waiter(run, 'between', ['a', 'b'], 2);
    const next = await waiter(run, 'next', ['a']);
    await client.signalEntity(ledgerOf(run, 'b'), 'note', 'signal');
    await client.terminate(between, 'enough');
    expect(await ended(between)).toMatchObject({ runtimeStatus: 'Terminated' });
    expect(await unlocks(run, between)).toBe(2);
    await client.raiseEvent(next, 'go');
    expect(await output(next)).toBe('ended');
    await client.terminate(owner, 'enough');
    await stateBecomes(ledgerOf(run, 'b'), ['signal']);
    await stateBecomes(ledgerOf(run, 'a'), [next]);
  });

  scenario('[L1] that is terminated while it is suspended', async (run) => {
    const { client, until } = run;
    const owner = await holder(run, 'owner', ['a']);
    await client.suspend(owner);
    await until(owner, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    await client.terminate(owner);
    expect(await callEntity(run, ledgerOf(run, 'a'), 'note', 'free')).toEqual(['free']);
    expect(await unlocks(run, owner)).toBe(1);
  });

  scenario('[L1] [K1] that is terminated and replaced', async (run) => {
    const { client, id, until, output } = run;
    const owner = await holder(run, 'owner', ['a']);
    const next = await waiter(run, 'next', ['a']);
    const begun = performance.now();
    await client.startNew('holds', { instanceId: owner, input: { keys: [id('a')] }, onConflict: 'terminateAndReplace' });
    await until(next, ({ customStatus }) => customStatus === 'locked');
    // Holders that have vanished are looked for after 5 s.
    expect(performance.now() - begun).toBeLessThan(4_500);
    for (const each of [next, owner]) await client.raiseEvent(each, 'go');
    for (const each of [next, owner]) await output(each);
    expect(await run.state(ledgerOf(run, 'a'))).toEqual([next, owner]);
  });

  scenario('[L1] [Y2] whose code was changed', async (run) => {
    @Injectable()
    class Changed {
      @Orchestrator()
      *holds(ctx: OrchestrationContext): Orchestration<void> {
        yield* ctx.createTimer(1);
      }
    }
    const owner = await holder(run, 'owner', ['a']);
    await run.stop();
    await run.startAgain({ providers: [Ledger, EntityCallers, Changed] });
    await run.client.raiseEvent(owner, 'go');
    expect(await run.ended(owner)).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'NonDeterminismError' } });
    expect(await unlocks(run, owner)).toBe(1);
    expect(await callEntity(run, ledgerOf(run, 'a'), 'note', 'free')).toEqual(['free']);
  });

  scenario('[L1] [N6] and a locked entity without a state disappears with its lock', async (run) => {
    const owner = await holder(run, 'owner', ['a']);
    expect(await run.client.readEntityState(ledgerOf(run, 'a'))).toEqual({ entityExists: false });
    expect(await listEntities(run)).toEqual([]);
    expect(await run.entityRows(ledgerOf(run, 'a'))).toMatchObject({ rowVersion: expect.any(Number) });
    await run.client.terminate(owner);
    await run.eventually(async () => (await run.entityRows(ledgerOf(run, 'a'))).rowVersion === undefined);
    expect(await run.entityRows(ledgerOf(run, 'a'))).toEqual({ messages: 0, queued: 0, timers: 0 });
  });
});

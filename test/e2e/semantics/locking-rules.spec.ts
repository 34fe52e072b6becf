/** What is refused inside of a critical section, and what is not [L2]. */
import { Injectable } from '@nestjs/common';
import { EntityId, Orchestrator, type DurableTask, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { Echo } from '../support/echo.js';
import { useScenarios } from '../support/harness.js';
import { Ledger, ledgerOf } from './ledger.js';

@Injectable()
class Orchestrators {
  @Orchestrator()
  returns(_ctx: OrchestrationContext, input: unknown): unknown {
    return input;
  }

  /** What each forbidden call throws, while locks are requested, while they are held, and afterwards. */
  @Orchestrator()
  *breaksRules(ctx: OrchestrationContext, [key, other]: [string, string]): Orchestration<unknown> {
    const [mine, foreign] = [ctx.entity(Ledger, key), ctx.entity(Ledger, other)];
    const calls: Record<string, () => unknown> = {
      'second lock': () => ctx.lock(foreign),
      'same lock': () => ctx.lock(mine),
      'sub-orchestration': () => ctx.callSubOrchestrator('returns', 1),
      'typed sub-orchestration': () => ctx.orchestrators(Orchestrators).returns(1),
      'entity that is not locked': () => foreign.read(),
      'parallel calls': () => [mine.read(), ctx.callEntity(new EntityId('ledger', key), 'read')],
      'signal to a locked one': () => mine.signal.note('never'),
      'signal by name': () => ctx.signalEntity(new EntityId('LEDGER', key), 'note', 'never'),
    };
    const made: unknown[] = [];
    const attempt = (names: readonly string[]): unknown =>
      Object.fromEntries(names.map((name) => [name, thrownBy(() => void made.push(calls[name]!()))]));
    const request = ctx.lock(mine);
    const requesting = attempt(['second lock', 'sub-orchestration', 'entity that is not locked', 'parallel calls']);
    const lock = yield* request;
    const inside = attempt(Object.keys(calls));
    lock.release();
    const after = attempt(['sub-orchestration', 'entity that is not locked', 'parallel calls', 'signal to a locked one']);
    yield* ctx.all(made.flat().filter((each) => each !== undefined) as DurableTask<unknown>[]);
    const again = yield* ctx.lock(foreign);
    again.release();
    return { requesting, inside, after };
  }

  /** All that is allowed inside. */
  @Orchestrator()
  *keepsRules(ctx: OrchestrationContext, [a, b, free]: [string, string, string]): Orchestration<unknown> {
    const [first, second] = [ctx.entity(Ledger, a), ctx.entity(Ledger, b)];
    using _lock = yield* ctx.lock(first, second);
    const activities = yield* ctx.all([ctx.callActivity('echo', 1), ctx.callActivity('echo', 2)]);
    const calls: readonly DurableTask<unknown[]>[] = [first.note(1), second.note(2)];
    const notes = yield* ctx.all([...calls]);
    ctx.entity(Ledger, free).signal.note('a signal from inside');
    yield* ctx.createTimer(0);
    ctx.setCustomStatus('inside');
    const event = yield* ctx.waitForExternalEvent('go');
    return [activities, notes, event, yield* first.note(3), yield* first.note(4)];
  }
}

function thrownBy(call: () => unknown): string | null {
  try {
    call();
    return null;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

const scenario = useScenarios({ providers: [Ledger, Orchestrators, Echo] });

describe('inside a critical section', () => {
  const refused = (rule: RegExp): unknown => expect.stringMatching(new RegExp(`^LockingRulesViolationError: .*${rule.source}`, 's'));

  scenario('[L2] each rule is refused with a message that says which one; afterwards all is allowed', async (run) => {
    const { id, output, start } = run;
    const instance = await start('breaksRules', [id('mine'), id('foreign')], { instanceId: id('breaker') });
    const { requesting, inside, after } = (await output(instance)) as Record<string, Record<string, string | null>>;
    const rules = { 'second lock': refused(/second lock/), 'sub-orchestration': refused(/sub-orchestration/) };
    const tooEarly = refused(/before it has the lock/);
    expect(requesting).toEqual({ ...rules, 'entity that is not locked': tooEarly, 'parallel calls': tooEarly });
    expect(inside).toEqual({
      ...rules,
      'same lock': refused(/second lock/),
      'typed sub-orchestration': refused(/sub-orchestration/),
      'entity that is not locked': refused(/not among those that .* has locked/),
      'parallel calls': refused(/in parallel/),
      'signal to a locked one': refused(/signal/),
      'signal by name': refused(/signal/),
    });
    expect(after).toEqual({ 'sub-orchestration': null, 'entity that is not locked': null, 'parallel calls': null, 'signal to a locked one': null });
    // And where.
    for (const message of Object.values(inside!)) expect(message).toContain(`orchestrator 'breaksRules', instance '${instance}'`);
    await run.stateBecomes(new EntityId('ledger', id('mine')), ['never']);
  });

  scenario('[L2] activities, timers, events, calls of different locked entities, and signals to others are allowed', async (run) => {
    const { client, id, start, until, output, stateBecomes } = run;
    const instance = await start('keepsRules', [id('a'), id('b'), id('free')]);
    await until(instance, ({ customStatus }) => customStatus === 'inside');
    await stateBecomes(ledgerOf(run, 'free'), ['a signal from inside']);
    await client.raiseEvent(instance, 'go', 'came');
    expect(await output(instance)).toEqual([[1, 2], [[1], [2]], 'came', [1, 3], [1, 3, 4]]);
  });
});

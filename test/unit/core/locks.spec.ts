/** Critical sections as orchestrators see them [L1, L2]. What entities do with requests is the engine's. */
import { EntityId, LockingRulesViolationError, TaskEntity, type EntityLock, type OrchestrationContext, type OutputEvent } from '../../../lib/core/index.js';
import { completed, failed, fired, granted, operationCompleted, raised, resumed, run, Scenario, subFailed, suspended, terminated } from '../support/episodes.js';

class Account extends TaskEntity<number> {}

const [a, b, c] = ['a', 'b', 'c'].map((key) => new EntityId('account', key)) as [EntityId, EntityId, EntityId];
const entity = { name: 'account', operations: new Set<string>() };

/** Requests and releases, as `lock a` and `unlock a`. */
const locks = (outputs: readonly OutputEvent[]) =>
  outputs.flatMap((output) =>
    output.type === 'EntityLockRequested' || output.type === 'EntityUnlockSent'
      ? [`${output.type === 'EntityLockRequested' ? 'lock' : 'unlock'} ${output.entityId.split('@')[2]}`]
      : []);
const sent = (scenario: Scenario) => locks(scenario.outputs);
const recorded = (scenario: Scenario) => locks(scenario.last.events.filter((event): event is OutputEvent => 'entityId' in event));

/** What the code does with its locks held, which it then keeps. */
const inside = (code: (ctx: OrchestrationContext, lock: EntityLock) => Generator<unknown, unknown, any>) =>
  run(function* (ctx): Generator<unknown, unknown, any> {
    return yield* code(ctx, yield* ctx.lock(a, b));
  }).deliver(granted(0)).deliver(granted(1));

const violation = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return error instanceof LockingRulesViolationError ? error.message : `another error: ${String(error)}`;
  }
  return 'it was accepted';
};

describe('ctx.lock', () => {
  it('[L1] asks for its entities one after the other, each once, in an order of its own', () => {
    const scenario = run(function* (ctx) {
      yield* ctx.lock(c, a, new EntityId('ACCOUNT', 'a'), ctx.entity(Account, 'b'), c);
      return 'locked';
    }, undefined, { entity });
    expect(scenario.outputs).toEqual([{ type: 'EntityLockRequested', taskId: 0, entityId: '@account@a' }]);
    expect(scenario.deliver(granted(0)).outputs).toEqual([{ type: 'EntityLockRequested', taskId: 1, entityId: '@account@b' }]);
    expect(scenario.deliver(granted(1)).outputs).toEqual([{ type: 'EntityLockRequested', taskId: 2, entityId: '@account@c' }]);
    expect(scenario.deliver(granted(2)).result).toBe('locked');
  });

  it('[L1] release gives all of them back, once', () => {
    const scenario = inside(function* (ctx, lock) {
      lock.release();
      lock.release();
      lock[Symbol.dispose]();
      return yield ctx.waitForExternalEvent('end');
    });
    expect(scenario.outputs).toEqual([
      { type: 'EntityUnlockSent', taskId: 2, entityId: '@account@a', lockTaskId: 0 },
      { type: 'EntityUnlockSent', taskId: 3, entityId: '@account@b', lockTaskId: 1 },
    ]);
    expect(sent(scenario.deliver(raised('end')))).toEqual([]);
  });

  it('[L1] `using` gives them back at the end of the block, also when it throws', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      try {
        using lock = yield* ctx.lock(a);
        void lock;
        return yield ctx.callActivity('a');
      } catch {
        return yield ctx.waitForExternalEvent('end');
      }
    }).deliver(granted(0)).deliver(failed(1));
    expect([sent(scenario), scenario.last.status]).toEqual([['unlock a'], 'Running']);
  });

  it('[L1] isLocked tells what is held, and nothing while it is waited for', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const states = [ctx.isLocked()];
      const task = ctx.lock(b, a);
      states.push(ctx.isLocked());
      const lock = yield* task;
      states.push(ctx.isLocked());
      lock.release();
      return [...states, ctx.isLocked()].map(({ isLocked, ownedLocks }) => [isLocked, ...ownedLocks]);
    }).deliver(granted(0)).deliver(granted(1));
    expect(scenario.result).toEqual([[false], [false], [true, '@account@a', '@account@b'], [false]]);
  });

  it('[L1] one section after the other may be entered', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      for (const id of [a, b, a]) {
        using lock = yield* ctx.lock(id);
        void lock;
      }
      return yield ctx.waitForExternalEvent('end');
    });
    const steps = [0, 2, 4].map((taskId) => sent(scenario.deliver(granted(taskId))));
    expect(steps).toEqual([['unlock a', 'lock b'], ['unlock b', 'lock a'], ['unlock a']]);
  });

  it('is refused without an entity, and for what is none', () => {
    const { result } = run(function (ctx) {
      return [[], ['@account@a'], [a, undefined], [{ name: 'account', key: 'a' }]].map((entities) => {
        try {
          return ctx.lock(...(entities as EntityId[])).isCompleted;
        } catch (error) {
          return (error as Error).name + ((error as Error).message.includes('ctx.lock (orchestrator ') ? ' at ctx.lock' : '');
        }
      });
    });
    expect(result).toEqual(Array(4).fill('TypeError at ctx.lock'));
  });

  it('[O14] its request and its releases count as actions', () => {
    const scenario = (limit: number) => run(function* (ctx): Generator<unknown, unknown, any> {
      const lock = yield* ctx.lock(a, b);
      lock.release();
      return yield ctx.waitForExternalEvent('end');
    }, undefined, { maxOrchestrationActions: limit }).deliver(granted(0)).deliver(granted(1));
    expect(scenario(2).last.status).toBe('Running');
    expect(scenario(1).failure.errorMessage).toContain('more than 1 actions');
    expect(sent(scenario(1))).toEqual(['unlock a', 'unlock b']);
    const full = run(function* (ctx) {
      ctx.signalEntity(c, 'add');
      yield* ctx.lock(a);
    }, undefined, { maxOrchestrationActions: 1 });
    expect(full.failure.errorMessage).toContain('more than 1 actions');
  });

  it('[Y3] a grant for another task, or a second one, is ignored', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      yield* ctx.lock(a, b);
      return 'locked';
    }).deliver(granted(7), granted(0), granted(0));
    expect([scenario.last.status, sent(scenario)]).toEqual(['Running', ['lock b']]);
    expect(scenario.deliver(granted(1)).result).toBe('locked');
  });

  it('[K7] a grant waits while the instance is suspended', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      yield* ctx.lock(a);
      return 'locked';
    }).deliver(suspended, granted(0));
    expect(sent(scenario)).toEqual([]);
    expect(scenario.deliver(resumed).result).toBe('locked');
  });

  it('[C2] after continueAsNew it is ignored, and so is release', () => {
    const scenario = inside(function* (ctx, lock) {
      if (ctx.getInput() !== undefined) return;
      ctx.continueAsNew(1);
      lock.release();
      yield ctx.lock(c);
    });
    expect(sent(scenario)).toEqual(['unlock a', 'unlock b']);
    expect(recorded(scenario)).toEqual(['unlock a', 'unlock b']);
  });

  it('[C2] [O14] a release that is ignored is no action', () => {
    const scenario = run(function* (ctx) {
      const lock = yield* ctx.lock(a, b);
      ctx.continueAsNew();
      lock.release();
    }, undefined, { maxOrchestrationActions: 1 }).deliver(granted(0)).deliver(granted(1));
    expect(scenario.last.status).toBe('Running');
  });
});

describe('the end of the orchestration gives locks back [L1]', () => {
  it('completed', () => {
    const scenario = inside(function* () { return 'done'; });
    expect([scenario.result, sent(scenario)]).toEqual(['done', ['unlock a', 'unlock b']]);
    expect(scenario.last.events.map(({ type }) => type)).toEqual([
      'OrchestratorStarted', 'EntityLockGranted', 'EntityUnlockSent', 'EntityUnlockSent', 'ExecutionCompleted', 'OrchestratorCompleted',
    ]);
  });

  it('completed: behind the calls that it made in the same episode', () => {
    const scenario = inside(function* (ctx) { ctx.callEntity(a, 'withdraw', 5); });
    expect(scenario.outputs.map(({ type }) => type)).toEqual(['EntityOperationCalled', 'EntityUnlockSent', 'EntityUnlockSent']);
  });

  it('failed', () => {
    const scenario = inside(function* () { throw new Error('no'); });
    expect([scenario.last.status, sent(scenario)]).toEqual(['Failed', ['unlock a', 'unlock b']]);
  });

  it('failed by something yielded that is no task', () => {
    const scenario = inside(function* () { yield 5; });
    expect([scenario.failure.errorType, sent(scenario)]).toEqual(['OrchestratorError', ['unlock a', 'unlock b']]);
  });

  it('terminated, while it holds them', () => {
    const scenario = inside(function* (ctx) { yield ctx.waitForExternalEvent('never'); }).deliver(terminated());
    expect([scenario.last.status, sent(scenario)]).toEqual(['Terminated', ['unlock a', 'unlock b']]);
  });

  it('terminated, while one is granted and the other asked for', () => {
    const scenario = run(function* (ctx) { yield ctx.lock(a, b); }).deliver(granted(0)).deliver(terminated());
    expect(sent(scenario)).toEqual(['unlock a', 'unlock b']);
  });

  it('terminated while suspended, with a grant that was held back', () => {
    const scenario = run(function* (ctx) { yield ctx.lock(a, b); }).deliver(suspended, granted(0)).deliver(terminated());
    expect(sent(scenario)).toEqual(['unlock a']);
  });

  it('continued as new [C1]: the next generation holds none', () => {
    const scenario = inside(function* (ctx) {
      ctx.continueAsNew('next');
    });
    expect([scenario.generation, sent(scenario)]).toEqual([2, ['unlock a', 'unlock b']]);
    expect(scenario.last.events.slice(-2).map(({ type }) => type)).toEqual(['ContinueAsNew', 'OrchestratorCompleted']);
  });

  it('those that were given back before are not given back again', () => {
    const scenario = inside(function* (ctx, lock) {
      lock.release();
      yield ctx.waitForExternalEvent('go');
      yield* ctx.lock(c);
    }).deliver(raised('go'));
    expect(sent(scenario)).toEqual(['lock c']);
    expect(sent(scenario.deliver(granted(4)))).toEqual(['unlock c']);
  });

  it('those that the same episode gives back are given back once', () => {
    expect(sent(inside(function* (_ctx, lock) { lock.release(); }))).toEqual(['unlock a', 'unlock b']);
  });

  it('a request of the same episode is never sent, and needs no release', () => {
    const endings: ((ctx: OrchestrationContext) => Generator<unknown, unknown, any>)[] = [
      function* () { return 'done'; },
      function* () { throw new Error('no'); },
      function* (ctx) { ctx.continueAsNew(1); },
    ];
    for (const end of endings) {
      const scenario = run(function* (ctx, input: unknown): Generator<unknown, unknown, any> {
        if (input !== undefined) return;
        ctx.lock(a);
        return yield* end(ctx);
      });
      expect([sent(scenario), recorded(scenario)]).toEqual([[], ['lock a']]);
    }
    const scenario = run(function* (ctx) {
      yield ctx.waitForExternalEvent('go');
      yield ctx.lock(a);
    }).deliver(raised('go'), terminated());
    expect([sent(scenario), recorded(scenario)]).toEqual([[], ['lock a']]);
  });

  it('[O14] a runaway loop: what it asked for and gave back in its last episode was not sent', () => {
    const runaway = run(function* (ctx) {
      const lock = yield* ctx.lock(a);
      lock.release();
      ctx.lock(c);
      for (;;) ctx.signalEntity(a, 'add');
    }, undefined, { maxOrchestrationActions: 10 }).deliver(granted(0));
    expect([sent(runaway), recorded(runaway)]).toEqual([['unlock a'], ['unlock a']]);
    // Numbers have no gap: those of the loop are free again.
    expect(runaway.outputs).toMatchObject([{ taskId: 1, lockTaskId: 0 }]);
  });

  it('[Y2] a NonDeterminismError: as history holds them', () => {
    const scenario = inside(function* (ctx) { yield ctx.waitForExternalEvent('never'); });
    const other = function* (ctx: OrchestrationContext) {
      yield ctx.lock(a, b);
      yield ctx.callActivity('x');
      yield ctx.callActivity('y');
    };
    for (const code of [other, function* (ctx: OrchestrationContext) { yield ctx.callActivity('x'); }]) {
      const result = scenario.replayWith(code, completed(2));
      expect(result).toMatchObject({
        failureDetails: { errorType: 'NonDeterminismError' },
        outputs: [{ type: 'EntityUnlockSent', taskId: 2, lockTaskId: 0 }, { type: 'EntityUnlockSent', taskId: 3, lockTaskId: 1 }],
      });
    }
    expect(scenario.replayWith(other, terminated())).toMatchObject({ status: 'Terminated', outputs: [{ taskId: 2 }, { taskId: 3 }] });
  });
});

describe('rules of critical sections', () => {
  const where = (call: string) => `${call} (orchestrator 'subject', instance 'instance')`;

  it('[L2] the error names call, orchestrator, instance and rule; not caught it fails the instance', () => {
    const { failure, outputs } = inside(function* (ctx) { yield ctx.lock(c); });
    expect(failure).toMatchObject({ errorType: 'LockingRulesViolationError', errorMessage: expect.stringMatching(/^ctx\.lock \(orchestrator 'subject', instance 'instance'\) was refused: .* second lock/) });
    expect(locks(outputs)).toEqual(['unlock a', 'unlock b']);
  });

  it('[L2] what is refused within a section, and leaves no trace in it', () => {
    const scenario = inside(function* (ctx) {
      return [
        () => ctx.lock(c),
        () => ctx.lock(a),
        () => ctx.callSubOrchestrator('child'),
        () => ctx.callEntity(c, 'get'),
        () => ctx.signalEntity(a, 'add'),
      ].map(violation);
    });
    expect(scenario.result).toEqual([
      expect.stringContaining(`${where('ctx.lock')} was refused: this orchestration holds the lock of '@account@a', '@account@b' already, and a second lock`),
      expect.stringContaining('a second lock'),
      expect.stringContaining(`${where('ctx.callSubOrchestrator')} was refused: this orchestration holds the lock of '@account@a', '@account@b', and a sub-orchestration`),
      expect.stringContaining(`${where('ctx.callEntity')} was refused: entity '@account@c' is not among those`),
      expect.stringContaining(`${where('ctx.signalEntity')} was refused: this orchestration holds the lock of '@account@a', '@account@b', and a signal`),
    ]);
    expect(scenario.outputs.map(({ type }) => type)).toEqual(['EntityUnlockSent', 'EntityUnlockSent']);
  });

  it('[L2] the same rules hold from the call of ctx.lock on; no entity can be called yet', () => {
    const scenario = run(function (ctx) {
      ctx.lock(a, b);
      return [
        () => ctx.lock(c),
        () => ctx.callSubOrchestrator('child'),
        () => ctx.callEntity(a, 'get'),
        () => ctx.callEntity(c, 'get'),
        () => ctx.signalEntity(b, 'add'),
        () => ctx.signalEntity(c, 'add'),
      ].map((call) => violation(call).replace(/^.* was refused: /, ''));
    });
    expect(scenario.result).toEqual([
      expect.stringMatching(/^this orchestration waits for the lock of '@account@a', '@account@b' already, and a second lock/),
      expect.stringMatching(/^this orchestration waits for .* a sub-orchestration/),
      expect.stringMatching(/^this orchestration waits for .* no entity may be called before it has the lock/),
      expect.stringMatching(/^this orchestration waits for .* no entity may be called before it has the lock/),
      expect.stringMatching(/^this orchestration waits for .* a signal/),
      'it was accepted',
    ]);
  });

  it('[L2] two calls of one locked entity in parallel; of two entities, or one after the other, they may be made', () => {
    const scenario = inside(function* (ctx) {
      const first = ctx.callEntity(a, 'get');
      const second = violation(() => ctx.callEntity(a, 'add', 1));
      yield ctx.all([first, ctx.callEntity(b, 'get')]);
      yield ctx.callEntity(a, 'add', 1);
      return second;
    });
    scenario.deliver(operationCompleted(2), operationCompleted(3));
    expect(scenario.deliver(operationCompleted(4)).result).toContain("an earlier call of the locked entity '@account@a' has no answer yet");
  });

  it('[L2] a call that was open before the section is none of it', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const before = ctx.callEntity(a, 'get');
      yield* ctx.lock(a);
      return yield ctx.all([before, ctx.callEntity(a, 'get')]);
    }).deliver(granted(1));
    expect(scenario.deliver(operationCompleted(0, 1), operationCompleted(2, 2)).result).toEqual([1, 2]);
  });

  it('[L2] activities, timers, events and signals to other entities are allowed', () => {
    const scenario = inside(function* (ctx) {
      ctx.signalEntity(c, 'note');
      ctx.sendEvent('other', 'note');
      return yield ctx.all([ctx.callActivity('x'), ctx.createTimer(5), ctx.waitForExternalEvent('e')]);
    });
    expect(scenario.outputs.map(({ type }) => type)).toEqual(['EntityOperationSignaled', 'EventSent', 'TaskScheduled', 'TimerCreated']);
    expect(scenario.deliver(completed(4), fired(5), raised('e')).last.status).toBe('Completed');
  });

  it('[L2] another attempt of an earlier call of a sub-orchestration is no new call', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const child = ctx.callSubOrchestrator('child', 1, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 2 } });
      yield* ctx.lock(a);
      return yield child;
    }).deliver(granted(1)).deliver(subFailed(0));
    expect(scenario.deliver(fired(2)).outputs).toMatchObject([{ type: 'SubOrchestrationInstanceCreated', attempt: 2 }]);
  });

  it('[L2] the rules end with the section', () => {
    const scenario = inside(function* (ctx, lock) {
      lock.release();
      ctx.signalEntity(a, 'add');
      ctx.callEntity(a, 'get');
      ctx.callEntity(a, 'get');
      ctx.callEntity(c, 'get');
      ctx.callSubOrchestrator('child');
      yield ctx.lock(a);
    });
    expect(scenario.last.status).toBe('Running');
  });

  it('[L2] a call of one section is none of the next', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const first = yield* ctx.lock(a);
      ctx.callEntity(a, 'get');
      first.release();
      yield* ctx.lock(a);
      return violation(() => ctx.callEntity(a, 'get'));
    }).deliver(granted(0));
    expect(scenario.deliver(granted(3)).result).toBe('it was accepted');
  });
});

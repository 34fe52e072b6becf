/** What becomes of entity calls, signals and locks when an orchestration is rewound [K8]. */
import { EntityId, type OrchestrationContext, type OutputEvent } from '../../../lib/core/index.js';
import { completed, failed, granted, operationCompleted, operationFailed, raised, run, type Scenario, terminated } from '../support/episodes.js';

const [a, b] = ['a', 'b'].map((key) => new EntityId('account', key)) as [EntityId, EntityId];

/** Number and kind, with what it is about, of actions. */
const short = (outputs: readonly OutputEvent[] = []) =>
  outputs.map((output) => {
    if (output.type === 'EntityLockRequested' || output.type === 'EntityUnlockSent') return `${output.taskId} ${output.type === 'EntityLockRequested' ? 'lock' : 'unlock'} ${output.entityId.split('@')[2]}`;
    return `${output.taskId} ${'operation' in output ? output.operation : 'name' in output ? output.name : output.type}`;
  });
const redone = ({ last }: Scenario) => short(last.redone?.outputs);
const repeated = ({ last }: Scenario) => short(last.repeated);
const added = ({ last }: Scenario) => short(last.outputs);
const dropped = ({ last, history }: Scenario) =>
  last.events.flatMap((event) => (event.type === 'ExecutionRewound' ? event.dropped : [])).map((place) => history[place]!.type);

describe('rewind with entity calls', () => {
  it('[K8] the failed call runs again, the one that succeeded does not', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const first = yield ctx.callEntity(a, 'add', 1);
      return [first, yield ctx.callEntity(a, 'add', 2)];
    }).deliver(operationCompleted(0, 1)).deliver(operationFailed(1));
    expect(scenario.last.status).toBe('Failed');
    scenario.rewind();
    expect(dropped(scenario)).toEqual(['EntityOperationFailed']);
    expect(scenario.last.redone?.outputs).toEqual([{ type: 'EntityOperationCalled', taskId: 1, entityId: '@account@a', operation: 'add', input: '2' }]);
    expect(added(scenario)).toEqual([]);
    expect(scenario.deliver(operationCompleted(1, 3)).result).toEqual([1, 3]);
  });

  it('[K8] a call that was never answered is dispatched again', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      return yield ctx.all([ctx.callEntity(a, 'get'), ctx.callActivity('x')]);
    }).deliver(failed(1)).rewind();
    expect(redone(scenario)).toEqual(['0 get', '1 x']);
    expect(scenario.deliver(completed(1, 'x')).deliver(operationCompleted(0, 5)).result).toEqual([5, 'x']);
  });

  it('[K8] what succeeded is not repeated, however late the code comes to it; what failed there is', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      try {
        yield ctx.callActivity('charge');
      } catch {
        yield ctx.callEntity(a, 'note');
      }
      const sum = yield ctx.callEntity(a, 'Add', 1);
      return [sum, yield ctx.callEntity(b, 'add', sum)];
    }).deliver(failed(0)).deliver(operationCompleted(1)).deliver(operationCompleted(2, 7)).deliver(operationFailed(3)).rewind();
    expect(redone(scenario)).toEqual(['0 charge']);
    scenario.deliver(completed(0));
    expect([added(scenario), repeated(scenario)]).toEqual([[], ['3 add']]);
    expect(scenario.deliver(operationCompleted(3, 8)).result).toEqual([7, 8]);
  });

  it('[K8] with another key, operation or input it is another call', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const [x, y] = [ctx.callActivity('x'), ctx.callActivity('y')];
      const first = yield ctx.any([x, y]);
      const way = first === x ? 'x' : 'y';
      yield ctx.callEntity(new EntityId('account', way), 'note');
      yield ctx.callEntity(a, way);
      yield ctx.callEntity(a, 'note', way);
      return yield ctx.all([x, y]);
    }).deliver(failed(0)).deliver(operationCompleted(2)).deliver(operationCompleted(3)).deliver(operationCompleted(4)).deliver(completed(1));
    expect(scenario.last.status).toBe('Failed');
    scenario.rewind();
    expect(added(scenario)).toEqual(['5 note']);
    expect(added(scenario.deliver(operationCompleted(5)))).toEqual(['6 y']);
    expect(added(scenario.deliver(operationCompleted(6)))).toEqual(['7 note']);
  });

  it('[K8] the case of the operation is no difference', () => {
    const code = (operation: string) => function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      try {
        yield ctx.callActivity('x');
      } catch {
        // Goes on without it.
      }
      const sum = yield ctx.callEntity(a, operation);
      return [sum, yield ctx.callActivity('y')];
    };
    const scenario = run(code('Get')).deliver(failed(0)).deliver(operationCompleted(1, 5)).deliver(failed(2)).rewind(code('GET')).deliver(completed(0));
    expect([added(scenario), repeated(scenario)]).toEqual([[], ['2 y']]);
    expect(scenario.deliver(completed(2, 'y')).result).toEqual([5, 'y']);
  });

  it('[K8] of two answers to a call, which a rewind had dispatched twice, the first counts', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      return yield ctx.all([ctx.callEntity(a, 'get'), ctx.callActivity('x')]);
    }).deliver(failed(1)).rewind().deliver(operationCompleted(0, 5)).deliver(operationFailed(0)).deliver(failed(1)).rewind();
    expect([dropped(scenario), redone(scenario)]).toEqual([['TaskFailed'], ['1 x']]);
    expect(scenario.deliver(completed(1, 'x')).result).toEqual([5, 'x']);
  });

  it('[K8] a signal at another time is another signal', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const [x, y] = [ctx.callActivity('x'), ctx.callActivity('y')];
      const first = yield ctx.any([x, y]);
      ctx.signalEntity(a, 'remind', 1, { scheduledTime: new Date(first === x ? 5 : 6) });
      return yield ctx.all([x, y]);
    }).deliver(failed(0)).rewind(undefined, completed(1));
    expect(added(scenario)).toEqual(['3 remind']);
  });

  it('[K8] a signal is not sent twice', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const x = ctx.callActivity('x');
      yield ctx.any([x, ctx.waitForExternalEvent('go')]);
      ctx.signalEntity(a, 'add', 1);
      ctx.signalEntity(a, 'remind', 1, { scheduledTime: new Date(5) });
      return yield x;
    }).deliver(failed(0));
    expect(added(scenario)).toEqual(['1 add', '2 remind']);
    scenario.rewind().deliver(raised('go'));
    expect([added(scenario), repeated(scenario)]).toEqual([[], []]);
    expect(scenario.deliver(completed(0, 'x')).result).toBe('x');
  });
});

/** Fails within its section, and gives the results of what it did there. */
function* section(ctx: OrchestrationContext): Generator<unknown, unknown, any> {
  const before = yield ctx.callActivity('before');
  using lock = yield* ctx.lock(a, b);
  void lock;
  const withdrawn = yield ctx.callEntity(a, 'withdraw', 5);
  return [before, withdrawn, yield ctx.callEntity(b, 'deposit', 5)];
}
/** Up to where both are locked; the numbers of the locks are 1 and 2. */
const locked = () => run(section).deliver(completed(0, 'b')).deliver(granted(1)).deliver(granted(2));

describe('rewind with critical sections', () => {
  it('[K8] [L1] the end has given the locks back, so the section is entered anew; what succeeded in it is not repeated', () => {
    const scenario = locked().deliver(operationCompleted(3, 'w')).deliver(operationFailed(4));
    expect([scenario.last.status, added(scenario)]).toEqual(['Failed', ['5 unlock a', '6 unlock b']]);
    scenario.rewind();
    // Not the activity before the section, and nothing of the section until it has its locks.
    expect([redone(scenario), added(scenario), scenario.last.status]).toEqual([[], ['7 lock a'], 'Running']);
    expect(added(scenario.deliver(granted(7)))).toEqual(['8 lock b']);
    scenario.deliver(granted(8));
    expect([added(scenario), repeated(scenario)]).toEqual([[], ['4 deposit']]);
    scenario.deliver(operationCompleted(4, 'd'));
    expect([scenario.result, added(scenario)]).toEqual([['b', 'w', 'd'], ['9 unlock a', '10 unlock b']]);
  });

  it('[L1] a grant of the first time that comes late is none of the second', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const x = ctx.callActivity('x');
      const locking = ctx.lock(a);
      yield x;
      yield* locking;
      return 'locked';
    }).deliver(failed(0));
    expect(added(scenario)).toEqual(['2 unlock a']);
    scenario.rewind();
    // Its request lies before the failure, but was taken back by the end.
    expect([redone(scenario), added(scenario)]).toEqual([['0 x'], ['3 lock a']]);
    expect(scenario.deliver(granted(1), completed(0)).last.status).toBe('Running');
    expect(scenario.deliver(granted(3)).result).toBe('locked');
  });

  it('[K8] [L1] a section that the failed episode itself gave back, by `using` or release, is entered anew too', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const lock = yield* ctx.lock(a);
      try {
        return yield ctx.callEntity(a, 'withdraw', 5);
      } finally {
        lock.release();
      }
    }).deliver(granted(0)).deliver(operationFailed(1)).rewind();
    expect([redone(scenario), added(scenario)]).toEqual([[], ['3 lock a']]);
    scenario.deliver(granted(3));
    expect(repeated(scenario)).toEqual(['1 withdraw']);
    expect(scenario.deliver(operationCompleted(1, 5)).result).toBe(5);
  });

  it('[K8] [L1] a section that was left before the failure is not entered again', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const lock = yield* ctx.lock(a);
      const withdrawn = yield ctx.callEntity(a, 'withdraw', 5);
      lock.release();
      return [withdrawn, yield ctx.callActivity('x')];
    }).deliver(granted(0)).deliver(operationCompleted(1, 5)).deliver(failed(3)).rewind();
    expect([redone(scenario), added(scenario)]).toEqual([['3 x'], []]);
    expect(scenario.deliver(completed(3, 'x')).result).toEqual([5, 'x']);
  });

  it('[K8] [L1] sections without a pause between them are entered anew together', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const sums = [];
      for (const id of [a, b]) {
        using lock = yield* ctx.lock(id);
        void lock;
        sums.push(yield ctx.callEntity(id, 'add', 1));
      }
      return sums;
    }).deliver(granted(0)).deliver(operationCompleted(1, 1));
    expect(added(scenario)).toEqual(['2 unlock a', '3 lock b']);
    scenario.deliver(granted(3)).deliver(operationFailed(4)).rewind();
    expect(added(scenario)).toEqual(['6 lock a']);
    scenario.deliver(granted(6));
    expect([added(scenario), repeated(scenario)]).toEqual([['7 unlock a', '8 lock b'], []]);
    scenario.deliver(granted(8));
    expect(repeated(scenario)).toEqual(['4 add']);
    expect(scenario.deliver(operationCompleted(4, 2)).result).toEqual([1, 2]);
  });

  it('[K8] a section of the old path is entered anew where the code comes to it', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      try {
        yield ctx.callActivity('x');
      } catch {
        // Goes on without it.
      }
      const lock = yield* ctx.lock(a);
      const withdrawn = yield ctx.callEntity(a, 'withdraw', 5);
      lock.release();
      return [withdrawn, yield ctx.callActivity('y')];
    }).deliver(failed(0)).deliver(granted(1)).deliver(operationCompleted(2, 5)).deliver(failed(4)).rewind();
    expect([redone(scenario), added(scenario)]).toEqual([['0 x'], []]);
    expect(added(scenario.deliver(completed(0)))).toEqual(['5 lock a']);
    scenario.deliver(granted(5));
    expect([added(scenario), repeated(scenario)]).toEqual([['6 unlock a'], ['4 y']]);
    expect(scenario.deliver(completed(4, 'y')).result).toEqual([5, 'y']);
  });

  it('[K8] it can be repeated, and what the last rewind locked is given back at each end', () => {
    const scenario = locked().deliver(operationFailed(3));
    let next = 6;
    for (let times = 0; times < 3; times++) {
      expect(added(scenario.rewind())).toEqual([`${next} lock a`]);
      scenario.deliver(granted(next)).deliver(granted(next + 1));
      expect(repeated(scenario)).toEqual(['3 withdraw']);
      expect(added(scenario.deliver(operationFailed(3)))).toEqual([`${next + 2} unlock a`, `${next + 3} unlock b`]);
      next += 4;
    }
    scenario.rewind().deliver(granted(next)).deliver(granted(next + 1)).deliver(operationCompleted(3, 'w'));
    expect(scenario.deliver(operationCompleted(next + 2, 'd')).result).toEqual(['b', 'w', 'd']);
  });

  it('[K8] [L1] terminated while it is rewound, it gives back what it asked for anew', () => {
    const scenario = locked().deliver(operationFailed(3)).rewind();
    expect(added(scenario.deliver(terminated()))).toEqual(['7 unlock a']);
  });

  it('[K8] a failure without anything to drop, within a section: mended code goes on in it', () => {
    const broken = (mended: boolean) => function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      const lock = yield* ctx.lock(a);
      const sum = yield ctx.callEntity(a, 'add', 1);
      if (!mended) throw new TypeError('a bug');
      lock.release();
      return sum;
    };
    const scenario = run(broken(false)).deliver(granted(0)).deliver(operationCompleted(1, 1)).rewind(broken(true));
    expect(added(scenario)).toEqual(['3 lock a']);
    scenario.deliver(granted(3));
    expect([scenario.result, added(scenario)]).toEqual([1, ['4 unlock a']]);
  });
});

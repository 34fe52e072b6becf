import type { ActivityContext, DurableTask, Jsonify, Orchestration, OrchestrationContext, TimerTask } from '../../../lib/core/index.js';
import { completed, run, subCompleted } from '../support/episodes.js';

interface Receipt {
  readonly id: string;
  readonly paidAt: Date;
  print(): void;
}

class Payments {
  async charge(order: { readonly total: number }, _ctx: ActivityContext): Promise<Receipt> {
    return { id: `receipt-${order.total}`, paidAt: new Date(), print: () => undefined };
  }

  ping(): string {
    return 'pong';
  }

  *fulfil(_ctx: OrchestrationContext, order: number): Orchestration<{ readonly at: Date }> {
    return { at: new Date(order) };
  }

  *fulfilV2(_ctx: OrchestrationContext, order: number): Orchestration<number> {
    return order;
  }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when the two types are the same. */
const same = <A, B>(isSame: Same<A, B>): boolean => isSame;

const names = { charge: 'payments.charge', ping: 'ping', fulfil: 'fulfil', fulfilV2: { name: 'fulfil', version: '2' } };

describe('typed stubs', () => {
  it('call activities under their durable names, and can be destructured', () => {
    const scenario = run(function* (ctx) {
      const { charge, ping } = ctx.activities(Payments);
      const receipt = yield* charge({ total: 5 }, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 2 } });
      same<typeof receipt, { readonly id: string; readonly paidAt: string }>(true);
      // @ts-expect-error the input has another type
      void (() => charge({ total: '5' }));
      return [receipt.id, yield* ping()];
    }, undefined, { names });
    expect(scenario.outputs).toMatchObject([{ type: 'TaskScheduled', name: 'payments.charge', input: '{"total":5}' }]);
    expect(scenario.deliver(completed(0, { id: 'r' })).deliver(completed(1, 'pong')).result).toEqual(['r', 'pong']);
  });

  it('call orchestrators as sub-orchestrations', () => {
    const scenario = run(function* (ctx) {
      const { at } = yield* ctx.orchestrators(Payments).fulfil(5, { instanceId: 'child' });
      same<typeof at, string>(true);
      return at;
    }, undefined, { names });
    expect(scenario.outputs).toMatchObject([{ type: 'SubOrchestrationInstanceCreated', name: 'fulfil', instanceId: 'child', input: '5' }]);
    expect(scenario.deliver(subCompleted(0, { at: 'then' })).result).toBe('then');
  });

  it('[Y5] call the version that the decorator names, unless the options name another one', () => {
    const scenario = run(function* (ctx) {
      const { fulfil, fulfilV2 } = ctx.orchestrators(Payments);
      yield ctx.all([fulfil(1), fulfilV2(2), fulfilV2(3, { version: '3', instanceId: 'child' }), fulfilV2(4, { version: undefined })]);
    }, undefined, { names });
    expect(scenario.outputs.map((output) => 'version' in output && output.version)).toEqual([false, '2', '3', '2']);
  });

  it('throw when an undecorated method is called, naming it', () => {
    const { failure } = run(function* (ctx) {
      const { ping } = ctx.activities(Payments);
      yield ping();
    });
    expect(failure).toMatchObject({ errorType: 'TypeError', errorMessage: expect.stringContaining('Payments.ping has no @Activity()') });
  });
});

describe('types', () => {
  it('Jsonify says what becomes of a value that crosses', () => {
    expect([
      same<Jsonify<Date>, string>(true),
      same<Jsonify<string | undefined>, string | undefined>(true),
      same<Jsonify<{ a?: Date; b: () => void; c: number | null }>, { a?: string; c: number | null }>(true),
      same<Jsonify<[Date, undefined, () => void]>, [string, null, null]>(true),
      same<Jsonify<readonly Date[]>, readonly string[]>(true),
      same<Jsonify<Map<string, number>>, Record<string, never>>(true),
      same<Jsonify<unknown>, unknown>(true),
      same<Jsonify<any>, any>(true),
      same<Jsonify<bigint>, never>(true),
      same<Jsonify<{ toJSON(): { at: Date } }>, { at: string }>(true),
      same<Jsonify<void>, void>(true),
    ]).not.toContain(false);
  });

  it('combinators infer tuples, waits infer their results', () => {
    const compiles = function* (ctx: OrchestrationContext): Orchestration<void> {
      const both = yield* ctx.all([ctx.callActivity<number>('a'), ctx.callActivity<string>('b')]);
      same<typeof both, [number, string]>(true);
      const list = yield* ctx.all([1, 2].map((n) => ctx.callActivity<Date>('a', n)));
      same<typeof list, string[]>(true);
      const timer = ctx.createTimer(1);
      const event = ctx.waitForExternalEvent<boolean>('e', { timeout: 1, default: false });
      const winner = yield* ctx.any([timer, event]);
      if (winner === timer) timer.cancel();
      same<typeof timer, TimerTask>(true);
      const approved = yield* event;
      same<typeof approved, boolean>(true);
      const [settled] = yield* ctx.allSettled([ctx.callActivity<number>('a')]);
      const value = settled.status === 'fulfilled' && settled.value;
      same<typeof value, number | false>(true);
      const untyped = ctx.callActivity('a');
      same<typeof untyped, DurableTask<unknown>>(true);
    };
    expect(compiles).toBeDefined();
  });
});

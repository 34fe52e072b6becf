import { NonDeterminismError, type OrchestrationContext, type OutputEvent } from '../../../lib/core/index.js';
import { completed, failed, fired, raised, resumed, run, Scenario, START, subCompleted, subFailed, suspended, terminated } from '../support/episodes.js';

const rewound = (scenario: Scenario) => scenario.last.events.find((event) => event.type === 'ExecutionRewound');
/** Kind, number and name of what is to be performed again, and of what is new. */
const short = (outputs: readonly OutputEvent[] = []) =>
  outputs.map((output) => [output.type, output.taskId, ...('name' in output ? [output.name] : [])].join(' '));
const redone = ({ last }: Scenario) => short(last.redone?.outputs);
const added = ({ last }: Scenario) => short(last.outputs);
const retry = { firstRetryInterval: 5_000, maxNumberOfAttempts: 2 };

function* chain(ctx: OrchestrationContext): Generator<unknown, unknown, any> {
  const a = yield ctx.callActivity('a');
  const b = yield ctx.callActivity('b', a);
  return [a, b];
}

describe('rewind', () => {
  it('[K8] the failed activity runs again, the one that succeeded does not', () => {
    const scenario = run(chain).deliver(completed(0, 1)).deliver(failed(1));
    expect(scenario.last.status).toBe('Failed');
    scenario.rewind();
    expect(scenario.last).toMatchObject({ status: 'Running', outputs: [] });
    expect(scenario.last.redone?.outputs).toEqual([{ type: 'TaskScheduled', taskId: 1, name: 'b', input: '1', callId: 1, attempt: 1 }]);
    expect(scenario.last).not.toHaveProperty('failureDetails');
    expect(scenario.deliver(completed(1, 2)).result).toEqual([1, 2]);
  });

  it('[K8] history is only added to: ExecutionRewound names the places of what it drops', () => {
    const scenario = run(chain).deliver(completed(0, 1)).deliver(failed(1));
    const before = [...scenario.history];
    scenario.rewind();
    expect(scenario.history.slice(0, before.length)).toEqual(before);
    expect(scenario.last.events).toEqual([
      { type: 'OrchestratorStarted', timestamp: scenario.time },
      { type: 'ExecutionRewound', reason: 'again', dropped: [before.findIndex(({ type }) => type === 'TaskFailed')] },
      { type: 'OrchestratorCompleted' },
    ]);
  });

  it('[K8] it can be repeated', () => {
    const scenario = run(chain).deliver(failed(0)).rewind().deliver(failed(0)).rewind().deliver(completed(0, 1)).deliver(failed(1));
    for (let times = 0; times < 3; times++) {
      expect(redone(scenario.rewind())).toEqual(['TaskScheduled 1 b']);
      // What was dropped before is not dropped again.
      expect(rewound(scenario)).toMatchObject({ dropped: [expect.any(Number)] });
      scenario.deliver(failed(1));
    }
    expect(scenario.rewind().deliver(completed(1, 2)).result).toEqual([1, 2]);
  });

  it('[K8] after `all` with two failures both run again, also when the second one came too late to be noticed', () => {
    const both = function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      return yield ctx.all([ctx.callActivity('a'), ctx.callActivity('b'), ctx.callActivity('c')]);
    };
    const scenario = run(both).deliver(completed(1, 'b')).deliver(failed(0), failed(2)).rewind();
    expect(redone(scenario)).toEqual(['TaskScheduled 0 a', 'TaskScheduled 2 c']);
    expect(scenario.deliver(completed(2, 'c')).deliver(completed(0, 'a')).result).toEqual(['a', 'b', 'c']);
  });

  it('[K8] a result that came after the failure, in the same episode, is not lost', () => {
    const both = function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      return yield ctx.all([ctx.callActivity('a'), ctx.callActivity('b')]);
    };
    const scenario = run(both).deliver(failed(0), completed(1, 'b')).rewind();
    expect(redone(scenario)).toEqual(['TaskScheduled 0 a']);
    expect(scenario.deliver(completed(0, 'a')).result).toEqual(['a', 'b']);
  });

  it('[K8] what was scheduled and never completed is dispatched again, timers at their recorded time', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const open = [ctx.callActivity('slow', 7), ctx.createTimer(60_000), ctx.callSubOrchestrator('child', 8, { instanceId: 'child-1' })];
      yield ctx.callActivity('a');
      return yield ctx.all(open);
    }).deliver(failed(3)).rewind();
    expect(scenario.last.redone?.outputs).toEqual([
      { type: 'TaskScheduled', taskId: 0, name: 'slow', input: '7', callId: 0, attempt: 1 },
      { type: 'TimerCreated', taskId: 1, fireAt: START + 61_000 },
      { type: 'SubOrchestrationInstanceCreated', taskId: 2, name: 'child', instanceId: 'child-1', input: '8', defaultId: false },
      { type: 'TaskScheduled', taskId: 3, name: 'a', callId: 3, attempt: 1 },
    ]);
    scenario.deliver(completed(3), subCompleted(2, 'c'), completed(0, 's'));
    expect(scenario.deliver(fired(1, START + 61_000)).result).toEqual(['s', null, 'c']);
  });

  it('[K8] a timer that was made again can be cancelled', () => {
    const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
      const timer = ctx.createTimer(60_000);
      yield ctx.callActivity('a');
      timer.cancel();
      return yield ctx.callActivity('b');
    }).deliver(failed(1));
    expect(scenario.last.cancelledTimers).toHaveLength(1);
    scenario.rewind().deliver(completed(1));
    expect(scenario.last.cancelledTimers).toEqual([{ taskId: 0, fireAt: START + 61_000 }]);
  });

  describe('retries', () => {
    function* retried(ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      const a = yield ctx.callActivity('a', 1, { retry });
      return [a, yield ctx.callActivity('b', 2, { retry })];
    }

    it('[K8] a failed call begins anew, with all its attempts; its actions get new numbers', () => {
      const scenario = run(retried).deliver(completed(0, 'a')).deliver(failed(1)).deliver(fired(2)).deliver(failed(3));
      expect(scenario.last.status).toBe('Failed');
      scenario.rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 1 b']);
      expect(added(scenario.deliver(failed(1)))).toEqual(['TimerCreated 4']);
      expect(scenario.deliver(fired(4)).outputs).toMatchObject([{ taskId: 5, callId: 1, attempt: 2 }]);
      expect(scenario.deliver(completed(5, 'b')).result).toEqual(['a', 'b']);
    });

    it('[K8] the failed attempts of a call that succeeded in the end stay', () => {
      const scenario = run(retried).deliver(failed(0)).deliver(fired(1)).deliver(completed(2, 'a')).deliver(failed(3, 'b', { isNonRetriable: true }));
      scenario.rewind();
      expect(rewound(scenario)).toMatchObject({ dropped: [expect.any(Number)] });
      expect(redone(scenario)).toEqual(['TaskScheduled 3 b']);
      expect(scenario.deliver(completed(3, 'b')).result).toEqual(['a', 'b']);
    });

    it('[K8] they stay also when they came after the earliest dropped failure', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const settled = yield ctx.allSettled([ctx.callActivity('x'), ctx.callActivity('a', 1, { retry })]);
        if (settled[0].status === 'rejected') throw settled[0].reason;
        return settled.map(({ value }: { value: unknown }) => value);
      }).deliver(failed(0)).deliver(failed(1)).deliver(fired(2)).deliver(completed(3, 'a')).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 0 x']);
      expect(added(scenario)).toEqual([]);
      expect(scenario.deliver(completed(0, 'x')).result).toEqual(['x', 'a']);
    });

    it('[K8] a call in the middle of its attempts begins anew', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        return yield ctx.all([ctx.callActivity('x'), ctx.callActivity('a', 1, { retry })]);
      }).deliver(failed(1)).deliver(failed(0)).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 0 x', 'TaskScheduled 1 a']);
      expect(scenario.deliver(completed(1, 'a')).deliver(completed(0, 'x')).result).toEqual(['x', 'a']);
    });

    it('[K8] sub-orchestrations likewise: their attempts are one call', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const a = yield ctx.callSubOrchestrator('a', 1, { retry });
        return [a, yield ctx.callActivity('b')];
      }).deliver(subFailed(0)).deliver(fired(1));
      expect(scenario.outputs).toMatchObject([{ taskId: 2, callId: 0, attempt: 2 }]);
      scenario.deliver(subCompleted(2, 'a')).deliver(failed(3)).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 3 b']);
      expect(scenario.deliver(completed(3, 'b')).result).toEqual(['a', 'b']);
    });
  });

  describe('the old path', () => {
    it('[K8] actions that it took after the dropped failure are ignored, and their numbers are not used again', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        try {
          yield ctx.callActivity('charge');
        } catch {
          yield ctx.callActivity('apologize');
          throw new Error('not charged');
        }
        return yield ctx.callActivity('ship');
      }).deliver(failed(0)).deliver(completed(1)).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 0 charge']);
      expect(added(scenario.deliver(completed(0)))).toEqual(['TaskScheduled 2 ship']);
      expect(scenario.deliver(completed(1, 'late answer to the old path')).last.status).toBe('Running');
      expect(scenario.deliver(completed(2, 'shipped')).result).toBe('shipped');
    });

    it('[K8] what succeeded does not run again, however late the code comes to it', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        try {
          yield ctx.callActivity('charge');
        } catch {
          yield ctx.callActivity('apologize');
        }
        const parcel = yield ctx.callActivity('ship');
        return [parcel, yield ctx.callActivity('bill', parcel)];
      }).deliver(failed(0)).deliver(completed(1)).deliver(completed(2, 'parcel-1')).deliver(failed(3)).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 0 charge']);
      // The charge succeeds now: no apology, the parcel is on its way already, and the bill, which had failed, is the same call again.
      expect(added(scenario.deliver(completed(0)))).toEqual([]);
      expect(scenario.last.repeated).toMatchObject([{ type: 'TaskScheduled', taskId: 3, name: 'bill', callId: 3 }]);
      expect(scenario.deliver(completed(3, 'paid')).result).toEqual(['parcel-1', 'paid']);
    });

    it('[K8] of equal actions as many are done as there were', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        try {
          yield ctx.callActivity('first');
        } catch {
          // Goes on without it.
        }
        for (let round = 0; round < 3; round++) yield ctx.callActivity('poll');
        return 'polled';
      }).deliver(failed(0)).deliver(completed(1)).deliver(failed(2)).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 0 first']);
      // The first has its result, the second, which had failed, runs again, the third is new.
      scenario.deliver(completed(0));
      expect(scenario.last.repeated).toMatchObject([{ taskId: 2, name: 'poll' }]);
      expect(added(scenario.deliver(completed(2)))).toEqual(['TaskScheduled 3 poll']);
      expect(scenario.deliver(completed(3)).result).toBe('polled');
    });

    it('[K8] what the code comes to again, another way, has its recorded result', () => {
      // The failure of `a` changes which of both wins the race; `next b` is done on either way.
      const race = function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
        const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
        const first = yield ctx.any([a, b]);
        if (first.isFaulted) yield ctx.callActivity('note', 'a failed');
        yield b;
        const next = yield ctx.callActivity('next b', b.result);
        return [yield a, next];
      };
      const scenario = run(race).deliver(failed(0)).deliver(completed(2)).deliver(completed(1, 'b')).deliver(completed(3, 'n'));
      expect(scenario.last.status).toBe('Failed');
      scenario.rewind();
      expect(added(scenario)).toEqual([]);
      expect(redone(scenario)).toEqual(['TaskScheduled 0 a']);
      expect(scenario.deliver(completed(0, 'a')).result).toEqual(['a', 'n']);
    });

    it('[K8] an answer that was recorded before the code comes to its action is kept for it', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const a = ctx.callActivity('a');
        const go = ctx.waitForExternalEvent('go');
        const first = yield ctx.any([a, go]);
        const b = yield ctx.callActivity('b');
        yield go;
        yield a;
        return [first === a, b];
      }).deliver(failed(0)).deliver(completed(1, 'b')).deliver(raised('go')).rewind();
      // On the new way `b` is called when 'go' has come, which is after its result.
      expect(added(scenario)).toEqual([]);
      expect(scenario.deliver(completed(0)).result).toEqual([false, 'b']);
    });

    it('[K8] with another input it is another action', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
        const first = yield ctx.any([a, b]);
        yield ctx.callActivity('next', first === a ? 'a' : 'b');
        return yield ctx.all([a, b]);
      }).deliver(failed(0)).deliver(completed(1, 'b')).deliver(completed(2)).rewind();
      expect(added(scenario)).toEqual(['TaskScheduled 3 next']);
      expect(redone(scenario)).toEqual(['TaskScheduled 0 a']);
      expect(scenario.deliver(completed(3)).deliver(completed(0, 'a')).result).toEqual(['a', 'b']);
    });

    it('[K8] a timer is the recorded one only when it is due at the same time', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const a = ctx.callActivity('a', 0, { retry });
        yield ctx.waitForExternalEvent('go');
        return yield ctx.all([a, ctx.createTimer(3_600_000)]);
      }).deliver(failed(0)).deliver(fired(1)).deliver(raised('go')).deliver(failed(2)).rewind();
      // Not the retry's timer, which has fired.
      expect(redone(scenario)).toEqual(['TaskScheduled 0 a', 'TimerCreated 3']);
      expect(added(scenario)).toEqual([]);
      expect(scenario.deliver(completed(0, 'a')).deliver(fired(3)).result).toEqual(['a', null]);
    });

    it('[K8] a timer that was made on the way, and is made again, can be cancelled', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const a = ctx.callActivity('a');
        yield ctx.waitForExternalEvent('go');
        const timer = ctx.createTimer(60_000);
        yield ctx.callActivity('b');
        timer.cancel();
        return yield a;
      }).deliver(failed(0)).deliver(raised('go')).deliver(failed(2)).rewind();
      expect(redone(scenario)).toEqual(['TaskScheduled 0 a', 'TimerCreated 1', 'TaskScheduled 2 b']);
      expect(scenario.deliver(completed(2)).last.cancelledTimers).toEqual([{ taskId: 1, fireAt: START + 63_000 }]);
    });

    it('[K8] an event that it sent is not sent twice', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const a = ctx.callActivity('a');
        yield ctx.any([a, ctx.waitForExternalEvent('go')]);
        ctx.sendEvent('other', 'done', 1);
        return yield a;
      }).deliver(failed(0));
      expect(added(scenario)).toEqual(['EventSent 1 done']);
      scenario.rewind();
      expect(added(scenario.deliver(raised('go')))).toEqual([]);
      expect(scenario.deliver(completed(0, 'a')).result).toBe('a');
    });
  });

  describe('events', () => {
    it('[K8] those that came before, with and after the failure are there again, in their order', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        yield ctx.callActivity('a');
        const seen: unknown[] = [];
        for (let i = 0; i < 4; i++) seen.push(yield ctx.waitForExternalEvent('e'));
        return seen;
      }).deliver(raised('e', 1)).deliver(raised('e', 2), failed(0), raised('e', 3)).rewind(undefined, raised('e', 4));
      expect(scenario.deliver(completed(0)).result).toEqual([1, 2, 3, 4]);
    });

    it('[K8] a terminate that came too late does not end what is rewound', () => {
      const scenario = run(chain).deliver(failed(0), terminated('too late')).rewind();
      expect(scenario.last.status).toBe('Running');
      expect(scenario.deliver(terminated('now')).last).toMatchObject({ status: 'Terminated', result: '"now"' });
    });

    it('[K8] suspend, resume, terminate and continueAsNew work as ever afterwards', () => {
      const scenario = run(function* (ctx, round: number): Generator<unknown, unknown, any> {
        const a = yield ctx.callActivity('a');
        if (round === 0) ctx.continueAsNew(1);
        return a;
      }, 0).deliver(failed(0)).rewind().deliver(suspended).deliver(completed(0, 1));
      expect(scenario.last.status).toBe('Suspended');
      scenario.deliver(resumed);
      expect(scenario.generation).toBe(2);
      expect(scenario.deliver().deliver(failed(0)).rewind().deliver(completed(0, 2)).result).toBe(2);
    });
  });

  describe('what the code itself did wrong', () => {
    const broken = function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      const a = yield ctx.callActivity('a');
      ctx.log.log('before the fault');
      yield ctx.callActivity('b', a);
      throw new TypeError('a bug');
    };
    const mended = function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
      const a = yield ctx.callActivity('a');
      ctx.log.log('before the fault');
      const b = yield ctx.callActivity('b', a);
      ctx.log.log('mended');
      return [a, b, yield ctx.callActivity('c')];
    };

    it('[K8] the code goes on once it is mended, and repeats nothing', () => {
      const scenario = run(broken).deliver(completed(0, 1)).deliver(completed(1, 2)).rewind(mended);
      expect(rewound(scenario)).toMatchObject({ dropped: [] });
      expect(added(scenario)).toEqual(['TaskScheduled 2 c']);
      expect(scenario.deliver(completed(2, 3)).result).toEqual([1, 2, 3]);
    });

    it('[K8] [O12] it logs what it had not logged yet', () => {
      const scenario = run(broken).deliver(completed(0, 1)).deliver(completed(1, 2)).rewind(mended);
      expect(scenario.log.filter((line) => line.startsWith('log'))).toEqual(['log: [subject instance] before the fault', 'log: [subject instance] mended']);
    });

    it('[K8] [O12] what the failed episode did and logged before the fault is not done and logged again', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        yield ctx.callActivity('a');
        ctx.log.log('once');
        ctx.callActivity('b');
        throw new TypeError('a bug');
      }).deliver(completed(0)).rewind(function* (ctx): Generator<unknown, unknown, any> {
        yield ctx.callActivity('a');
        ctx.log.log('once');
        return yield ctx.callActivity('b');
      });
      expect(scenario.log.filter((line) => line.startsWith('log'))).toHaveLength(1);
      expect([added(scenario), redone(scenario)]).toEqual([[], ['TaskScheduled 1 b']]);
      expect(scenario.deliver(completed(1, 'b')).result).toBe('b');
    });

    it('[K8] of equal actions, before and with a rewind that failed at once, each has its own result', () => {
      const code = (mended: boolean, again: boolean) => function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
        const calls = [ctx.callActivity('a')];
        if (again) calls.push(ctx.callActivity('a'));
        if (!mended) throw new TypeError('a bug');
        return yield ctx.all(calls);
      };
      const scenario = run(code(false, false)).rewind(code(false, true));
      expect([scenario.last.status, added(scenario)]).toEqual(['Failed', ['TaskScheduled 1 a']]);
      expect(redone(scenario.rewind(code(true, true)))).toEqual(['TaskScheduled 0 a', 'TaskScheduled 1 a']);
      expect(scenario.deliver(completed(1, 'second'), completed(0, 'first')).result).toEqual(['first', 'second']);
    });

    it('[K8] else it fails again, and can be rewound again', () => {
      const scenario = run(broken).deliver(completed(0, 1)).deliver(completed(1, 2)).rewind().rewind();
      expect(scenario.failure).toMatchObject({ errorType: 'TypeError' });
      expect(added(scenario.rewind(mended))).toEqual(['TaskScheduled 2 c']);
      expect(scenario.deliver(completed(2, 3)).result).toEqual([1, 2, 3]);
    });

    it('[K8] a failure in the first episode', () => {
      const scenario = run(function* (): Generator<unknown, unknown, any> {
        return yield 'no task';
      }, 5).rewind(function* (ctx, input): Generator<unknown, unknown, any> {
        return [input, yield ctx.callActivity('a')];
      });
      expect(scenario.deliver(completed(0, 1)).result).toEqual([5, 1]);
    });

    it('[K8] [Y2] after a NonDeterminismError the code that fits goes on; the one that does not fails again', () => {
      const other = function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
        return yield ctx.callActivity('other');
      };
      const scenario = run(chain);
      const failure = scenario.replayWith(other, completed(0, 1));
      expect(failure.failureDetails?.errorType).toBe(NonDeterminismError.name);
      scenario.history.push(...failure.events);
      expect(scenario.rewind(other).failure.errorType).toBe(NonDeterminismError.name);
      scenario.rewind(chain);
      expect(added(scenario)).toEqual(['TaskScheduled 1 b']);
      expect(scenario.deliver(completed(1, 2)).result).toEqual([1, 2]);
    });

    it('[K8] code that ends at once, mended, completes with the rewind', () => {
      const scenario = run(broken).deliver(completed(0, 1)).deliver(completed(1, 2)).rewind(chain);
      expect(scenario.result).toEqual([1, 2]);
      expect(scenario.last.redone).toBeUndefined();
    });
  });

  describe('afterwards', () => {
    it('[K8] [Y2] a replay compares what the rewind led to', () => {
      const race = (name: string) => function* (ctx: OrchestrationContext): Generator<unknown, unknown, any> {
        const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
        const first = yield ctx.any([a, b]);
        if (first === b) yield ctx.callActivity(name);
        return yield a;
      };
      const scenario = run(race('note')).deliver(failed(0)).rewind(undefined, completed(1));
      expect(added(scenario)).toEqual(['TaskScheduled 2 note']);
      expect(scenario.replayWith(race('another'), completed(2)).failureDetails?.errorMessage).toContain("the call of activity 'note'");
      expect(scenario.deliver(completed(2)).deliver(completed(0, 'a')).result).toBe('a');
    });

    it('[K8] custom status, time and newGuid are on replay what they were', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
        const first = yield ctx.any([a, b]);
        ctx.setCustomStatus({ first: first === a ? 'a' : 'b', guid: ctx.newGuid(), time: ctx.currentUtcDateTime });
        yield a;
        yield ctx.callActivity('c', [ctx.newGuid(), ctx.currentUtcDateTime]);
        return [ctx.newGuid(), ctx.currentUtcDateTime];
      }).deliver(failed(0)).rewind(undefined, completed(1)).deliver(completed(0));
      expect(scenario.last.customStatus).toContain('"first":"b"');
      expect(scenario.deliver(completed(2)).last.status).toBe('Completed');
    });

    it('[K8] a child that was rewound by itself: its second end counts when its parent is rewound', () => {
      const scenario = run(function* (ctx): Generator<unknown, unknown, any> {
        try {
          yield ctx.callSubOrchestrator('child');
        } catch {
          yield ctx.callActivity('handled');
          throw new Error('no child');
        }
        return yield ctx.callActivity('with child');
      }).deliver(subFailed(0)).deliver(subCompleted(0, 'c')).deliver(completed(1)).rewind();
      expect(redone(scenario)).toEqual([]);
      expect(added(scenario)).toEqual(['TaskScheduled 2 with child']);
      expect(scenario.deliver(completed(2, 'x')).result).toBe('x');
    });
  });
});

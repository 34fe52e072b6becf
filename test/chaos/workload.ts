/** The handlers of the crash test: an application's providers, with every feature that a crash could break. */
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, TaskFailedError, type ActivityContext, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import { Effects } from './effects.js';
import type { Leg, Plan } from './plan.js';

/** Input of every activity. `call` names the call: no two calls of a run have the same. */
export interface Call {
  readonly call: string;
  /** How long it takes, ms. */
  readonly duration?: number;
  /** Attempts that fail. */
  readonly failures?: number;
  readonly guid?: string;
}

export interface RoundResult {
  readonly sequence: readonly string[];
  readonly fan: readonly string[];
  /** The attempt that succeeded. */
  readonly flaky: number;
  /** Whether an activity got the same guid that replay gives. */
  readonly stamped: boolean;
  readonly timedOut: string;
  /** Numbers of the external events, in the order in which they came. */
  readonly events: readonly number[];
  readonly legs: readonly string[];
  /** What each leg said, in the order in which it came. */
  readonly said: readonly (readonly number[])[];
  readonly doomed: string;
}

export interface JourneyInput {
  readonly plan: Plan;
  readonly round: number;
  readonly results: readonly RoundResult[];
}

interface LegInput extends Leg {
  readonly call: string;
  readonly journey: string;
  readonly index: number;
  readonly lap: number;
}

interface Said {
  readonly leg: number;
  readonly number: number;
}

const RETRY = { firstRetryInterval: 5, maxNumberOfAttempts: 4, backoffCoefficient: 2 };
/** Longer than any run: its timer is always cancelled. */
const NEVER = 3_600_000;

@Injectable()
export class Errands {
  constructor(private readonly effects: Effects) {}

  @Activity()
  work(input: Call, context: ActivityContext): Promise<string> {
    return this.effects.record(input, context, async () => {
      await delay(input.duration ?? 0);
      return `done ${input.call}`;
    });
  }

  @Activity()
  flaky(input: Call, context: ActivityContext): Promise<number> {
    return this.effects.record(input, context, async () => {
      if (context.attempt <= (input.failures ?? 0)) throw new Error(`attempt ${context.attempt} fails`);
      return context.attempt;
    });
  }

  @Activity()
  stamp(input: Call, context: ActivityContext): Promise<string | undefined> {
    return this.effects.record(input, context, async () => input.guid);
  }
}

@Injectable()
export class Journeys {
  @Orchestrator()
  *journey(ctx: OrchestrationContext, { plan, round, results }: JourneyInput): Orchestration<readonly RoundResult[]> {
    const { sequence, fan, failures, pause, events, legs, doomed } = plan.rounds[round]!;
    const { work, flaky, stamp } = ctx.activities(Errands);
    const at = `${plan.id}.${round}`;
    ctx.setCustomStatus({ round });

    const running = legs.map((leg, index) => this.start(ctx, { ...leg, call: `${at}.leg${index}`, journey: plan.id, index, lap: 1 }));
    const fanned = fan.map((duration, index) => work({ call: `${at}.fan${index}`, duration }));
    const done: string[] = [];
    for (const [index, duration] of sequence.entries()) done.push(yield* work({ call: `${at}.sequence${index}`, duration }));
    const attempt = yield* flaky({ call: `${at}.flaky`, failures }, { retry: RETRY });
    const guid = ctx.newGuid();
    const stamped = (yield* stamp({ call: `${at}.stamp`, guid })) === guid;
    yield* ctx.createTimer(pause);
    const timedOut = yield* ctx.waitForExternalEvent<string>('never raised', { timeout: pause, default: 'nothing' });
    const received: number[] = [];
    for (let count = 0; count < events; count += 1) {
      received.push(yield* ctx.waitForExternalEvent<number>('number', count % 2 === 0 ? { timeout: NEVER } : {}));
    }
    const said = yield* this.listen(ctx, legs);
    const result: RoundResult = {
      sequence: done,
      fan: yield* ctx.all(fanned),
      flaky: attempt,
      stamped,
      timedOut,
      events: received,
      legs: yield* ctx.all(running),
      said,
      doomed: doomed ? yield* this.tryDoomed(ctx) : 'not tried',
    };
    if (round + 1 < plan.rounds.length) ctx.continueAsNew({ plan, round: round + 1, results: [...results, result] });
    return [...results, result];
  }

  @Orchestrator()
  *leg(ctx: OrchestrationContext, input: LegInput): Orchestration<string> {
    const { call, journey, index, lap, laps, says } = input;
    const { work } = ctx.activities(Errands);
    yield* work({ call: `${call}.lap${lap}`, duration: 10 });
    for (let count = 1; count <= says; count += 1) {
      ctx.sendEvent(journey, 'said', { leg: index, number: (lap - 1) * says + count });
    }
    yield* ctx.createTimer(5);
    if (lap < laps) ctx.continueAsNew({ ...input, lap: lap + 1 });
    return `arrived ${call}`;
  }

  @Orchestrator()
  *doomed(ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.createTimer(1);
    throw new Error('this one always fails');
  }

  private start(ctx: OrchestrationContext, input: LegInput) {
    return ctx.callSubOrchestrator<string>('leg', input, input.named ? { instanceId: input.call } : {});
  }

  private *listen(ctx: OrchestrationContext, legs: readonly Leg[]): Orchestration<number[][]> {
    const said = legs.map((): number[] => []);
    const count = legs.reduce((sum, { laps, says }) => sum + laps * says, 0);
    for (let heard = 0; heard < count; heard += 1) {
      const { leg, number } = yield* ctx.waitForExternalEvent<Said>('said');
      said[leg]!.push(number);
    }
    return said;
  }

  private *tryDoomed(ctx: OrchestrationContext): Orchestration<string> {
    try {
      yield* ctx.callSubOrchestrator('doomed', undefined, { retry: { firstRetryInterval: 5, maxNumberOfAttempts: 2 } });
      return 'succeeded';
    } catch (error) {
      if (!(error instanceof TaskFailedError)) throw error;
      return 'failed';
    }
  }
}

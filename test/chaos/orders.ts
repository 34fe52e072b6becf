/**
 * An application in two deployments. The second adds a version of its orchestrators, an orchestrator and an activity that the
 * first does not know, and keeps what the first has.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type Type } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import { Effects } from './effects.js';
import { attemptName } from './model.js';
import type { Call } from './workload.js';

/** A deployment, and the version of `order` and `parcel` that came with it. */
export type Release = '1' | '2';

export interface Order {
  /** Name of the order, and beginning of the names of its calls. */
  readonly call: string;
}

/** Which code ran. */
interface Trace {
  /** Version that the instance started with, as it is told. */
  readonly version: string | undefined;
  /** Version of the code that ran. */
  readonly code: Release;
}

export interface Receipt extends Trace {
  readonly parcel: Trace;
  readonly refund?: string;
}

/** How long an activity takes, ms. */
const DURATION = 10;

@Injectable()
class Warehouse {
  constructor(private readonly effects: Effects) {}

  @Activity()
  pick(input: Call, context: ActivityContext): Promise<string> {
    return this.effects.record(input, context, () => delay(DURATION, input.call));
  }
}

@Injectable()
class Orders1 {
  @Orchestrator({ name: 'order', version: '1' })
  *order(ctx: OrchestrationContext, { call }: Order): Orchestration<Receipt> {
    const { pick } = ctx.activities(Warehouse);
    yield* ctx.all([pick({ call: `${call}.goods` }), pick({ call: `${call}.box` })]);
    yield* ctx.waitForExternalEvent('paid');
    const parcel = yield* ctx.callSubOrchestrator<Trace>('parcel', { call });
    return { version: ctx.version, code: '1', parcel };
  }

  @Orchestrator({ name: 'parcel', version: '1' })
  *parcel(ctx: OrchestrationContext, { call }: Order): Orchestration<Trace> {
    yield* ctx.createTimer(20);
    yield* ctx.activities(Warehouse).pick({ call: `${call}.label` });
    return { version: ctx.version, code: '1' };
  }
}

@Injectable()
class Auditors {
  constructor(private readonly effects: Effects) {}

  @Activity()
  audit(input: Call, context: ActivityContext): Promise<string> {
    return this.effects.record(input, context, () => delay(DURATION, input.call));
  }
}

@Injectable()
class Orders2 {
  @Orchestrator({ name: 'order', version: '2' })
  *order(ctx: OrchestrationContext, { call }: Order): Orchestration<Receipt> {
    yield* ctx.activities(Auditors).audit({ call: `${call}.order` });
    yield* ctx.waitForExternalEvent('paid');
    const parcel = ctx.callSubOrchestrator<Trace>('parcel', { call });
    const refund = ctx.callSubOrchestrator<string>('refund', { call });
    return { version: ctx.version, code: '2', parcel: yield* parcel, refund: yield* refund };
  }

  @Orchestrator({ name: 'parcel', version: '2' })
  *parcel(ctx: OrchestrationContext, { call }: Order): Orchestration<Trace> {
    yield* ctx.activities(Warehouse).pick({ call: `${call}.label` });
    yield* ctx.activities(Auditors).audit({ call: `${call}.parcel` });
    return { version: ctx.version, code: '2' };
  }

  @Orchestrator()
  *refund(ctx: OrchestrationContext, { call }: Order): Orchestration<string> {
    yield* ctx.createTimer(20);
    return yield* ctx.activities(Auditors).audit({ call: `${call}.refund` });
  }
}

/** The providers of each deployment. */
export const RELEASES: Readonly<Record<Release, readonly Type[]>> = {
  1: [Warehouse, Orders1],
  2: [Warehouse, Orders1, Auditors, Orders2],
};

/** Activities that must have run for an order with this receipt. */
export function expectedCalls({ call }: Order, { code, parcel }: Receipt): string[] {
  const calls = code === '1' ? ['goods', 'box', 'label'] : ['order', 'label', 'refund'];
  if (parcel.code === '2') calls.push('parcel');
  return calls.map((part) => attemptName(`${call}.${part}`, 1));
}

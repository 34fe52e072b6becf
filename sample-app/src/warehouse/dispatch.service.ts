import { Injectable } from '@nestjs/common';
import { Activity, NonRetriableError, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { SimulatedWork } from '../support/simulated-work.js';

/** What others ask the warehouse to dispatch. */
export interface Parcel {
  readonly orderId: string;
  readonly customer: string;
  readonly pieces: number;
}

const LORRY_WAIT = 2_000;

/** More than these do not go on the lorry. */
const MAX_PIECES = 500;

/** Others start it over the management API. What they send is checked here: there is no controller before it. */
@Injectable()
export class DispatchService {
  constructor(private readonly work: SimulatedWork) {}

  /** Gives the tracking number. */
  @Orchestrator()
  *dispatch(ctx: OrchestrationContext, parcel: Parcel): Orchestration<string> {
    const { pick, load } = ctx.activities(DispatchService);
    yield* pick(parcel);
    ctx.setCustomStatus('waiting for the lorry');
    yield* ctx.createTimer(LORRY_WAIT);
    return yield* load(parcel);
  }

  @Activity()
  async pick({ orderId, customer, pieces }: Parcel, ctx: ActivityContext): Promise<void> {
    if (!Number.isInteger(pieces) || pieces < 1) throw new NonRetriableError('pieces must be a whole number from 1');
    if (pieces > MAX_PIECES) throw new NonRetriableError(`the lorry does not carry ${pieces} pieces`);
    await this.work.perform(`pick ${pieces} pieces of order ${orderId} for ${customer}`, ctx);
  }

  @Activity()
  async load({ orderId }: Parcel, ctx: ActivityContext): Promise<string> {
    await this.work.perform(`load order ${orderId}`, ctx);
    return `lorry-${orderId}`;
  }
}

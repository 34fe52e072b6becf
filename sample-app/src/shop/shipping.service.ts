import { Injectable } from '@nestjs/common';
import { Activity, NonRetriableError, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { SimulatedWork } from '../support/simulated-work.js';

export interface Shipment {
  readonly orderId: string;
  readonly customer: string;
  readonly pieces: number;
}

const COURIER_WAIT = 2_000;

/** More than these the courier does not carry. */
const MAX_PIECES = 20;

/** Shipping is an orchestration of its own, with an id and a status of its own; orders call it. */
@Injectable()
export class ShippingService {
  constructor(private readonly work: SimulatedWork) {}

  /** Gives the tracking number. */
  @Orchestrator()
  *ship(ctx: OrchestrationContext, shipment: Shipment): Orchestration<string> {
    const { printLabel, handOver } = ctx.activities(ShippingService);
    const label = yield* printLabel(shipment);
    ctx.setCustomStatus('waiting for the courier');
    yield* ctx.createTimer(COURIER_WAIT);
    return yield* handOver(label);
  }

  @Activity()
  async printLabel({ orderId, customer, pieces }: Shipment, ctx: ActivityContext): Promise<string> {
    await this.work.perform(`print the label of order ${orderId} for ${customer}`, ctx);
    if (pieces > MAX_PIECES) throw new NonRetriableError(`the courier does not carry ${pieces} pieces`);
    return `label-${orderId}`;
  }

  @Activity()
  async handOver(label: string, ctx: ActivityContext): Promise<string> {
    await this.work.perform(`hand ${label} to the courier`, ctx);
    return label.replace('label', 'parcel');
  }
}

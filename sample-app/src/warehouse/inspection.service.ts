import { Injectable } from '@nestjs/common';
import { Activity, Orchestrator, type ActivityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { SimulatedWork } from '../support/simulated-work.js';

/** What came back. */
export interface ReturnedParcel {
  readonly orderId: string;
  readonly pieces: number;
  readonly condition: string;
}

export interface Findings {
  readonly accepted: boolean;
  readonly remark: string;
}

/** Which registration of the module the handlers of returns belong to, and which client starts them. */
export const RETURNS = 'returns';

/** Returns have a task hub of their own: however many come, parcels that are to go out do not wait behind them. */
@Injectable()
export class InspectionService {
  constructor(private readonly work: SimulatedWork) {}

  @Orchestrator({ hub: RETURNS })
  *inspect(ctx: OrchestrationContext, parcel: ReturnedParcel): Orchestration<Findings> {
    return yield* ctx.activities(InspectionService).look(parcel);
  }

  @Activity({ hub: RETURNS })
  async look({ orderId, condition }: ReturnedParcel, ctx: ActivityContext): Promise<Findings> {
    await this.work.perform(`look at the return of order ${orderId}`, ctx);
    return { accepted: condition === 'unused', remark: `the parcel is ${condition}` };
  }
}

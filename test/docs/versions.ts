/** The README's two versions of one orchestrator. */
import { Injectable, Module } from '@nestjs/common';
import { DurableModule, Orchestrator } from 'nestjs-durable';
import type { Orchestration, OrchestrationContext } from 'nestjs-durable';
import { TravelActivities, type Trip } from './travel.js';

// #region versions
@Injectable()
export class Bookings {
  @Orchestrator({ name: 'reserve', version: '1' })
  *reserve(ctx: OrchestrationContext, trip: Trip): Orchestration<string> {
    return yield* ctx.activities(TravelActivities).bookFlight(trip); // stays until its last instance has ended
  }

  @Orchestrator({ name: 'reserve', version: '2' })
  *reserveWithHotel(ctx: OrchestrationContext, trip: Trip): Orchestration<string> {
    const { bookFlight, bookHotel } = ctx.activities(TravelActivities);
    const [flight] = yield* ctx.all([bookFlight(trip), bookHotel(trip)]);
    return flight;
  }
}

@Module({ imports: [DurableModule.forRoot({ defaultVersion: '2' })], providers: [Bookings, TravelActivities] })
export class BookingsModule {} // client.startNew('reserve') starts version 2
// #endregion

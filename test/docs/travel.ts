/** The README's orchestrators: one for each thing that an orchestrator can do. */
import { Injectable } from '@nestjs/common';
import { Activity, NonRetriableError, Orchestrator, TaskFailedError } from 'nestjs-durable';
import type { ActivityContext, Orchestration, OrchestrationContext, RetryOptions } from 'nestjs-durable';

export interface Trip {
  readonly traveller: string;
  readonly city: string;
}

@Injectable()
export class TravelActivities {
  readonly cancelled: string[] = [];

  @Activity()
  bookFlight({ city }: Trip): string {
    return `flight-${city}`;
  }

  @Activity()
  bookHotel({ city }: Trip): string {
    if (city === 'Atlantis') throw new NonRetriableError('there is no hotel');
    return `hotel-${city}`;
  }

  @Activity()
  cancelFlight(flight: string): void {
    this.cancelled.push(flight);
  }

  @Activity()
  price(city: string): number {
    return city.length * 100;
  }

  // #region activity
  @Activity()
  async download(url: string, ctx: ActivityContext): Promise<number> {
    ctx.log.log(`attempt ${ctx.attempt} for instance ${ctx.instanceId}`);
    const response = await fetch(url, {
      signal: ctx.signal, // aborted when the instance is terminated or the process stops
      headers: { 'idempotency-key': ctx.idempotencyKey }, // the same each time this call runs
    });
    if (response.status === 404) throw new NonRetriableError(`${url} does not exist`);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return (await response.arrayBuffer()).byteLength;
  }
  // #endregion
}

@Injectable()
export class Travel {
  // #region chaining
  @Orchestrator()
  *book(ctx: OrchestrationContext, trip: Trip): Orchestration<string[]> {
    const { bookFlight, bookHotel, cancelFlight } = ctx.activities(TravelActivities);
    const flight = yield* bookFlight(trip);
    try {
      return [flight, yield* bookHotel(trip)];
    } catch (error) {
      yield* cancelFlight(flight); // compensation is a catch
      throw error;
    }
  }
  // #endregion

  // #region fan-out
  @Orchestrator()
  *cheapest(ctx: OrchestrationContext, cities: string[]): Orchestration<number> {
    const { price } = ctx.activities(TravelActivities);
    const prices = yield* ctx.all(cities.map((city) => price(city))); // all run at once
    return Math.min(...prices);
  }
  // #endregion

  // #region race
  @Orchestrator()
  *priceInTime(ctx: OrchestrationContext, city: string): Orchestration<number | 'too slow'> {
    const price = ctx.activities(TravelActivities).price(city);
    const deadline = ctx.createTimer(5_000);
    const winner = yield* ctx.any([price, deadline]);
    if (winner === deadline) return 'too slow';
    deadline.cancel();
    return price.result;
  }
  // #endregion

  // #region retries
  @Orchestrator()
  *archive(ctx: OrchestrationContext, url: string): Orchestration<number> {
    const retry: RetryOptions = {
      firstRetryInterval: 1_000,
      backoffCoefficient: 2,
      maxRetryInterval: 60_000,
      maxNumberOfAttempts: 8,
      handle: (failure) => failure.errorType !== 'QuotaExceeded', // true: go on; a number: wait so many ms
    };
    try {
      return yield* ctx.activities(TravelActivities).download(url, { retry });
    } catch (error) {
      if (error instanceof TaskFailedError && error.isCausedBy(NonRetriableError)) return 0;
      throw error;
    }
  }
  // #endregion

  // #region events
  @Orchestrator()
  *approval(ctx: OrchestrationContext, trip: Trip): Orchestration<string> {
    ctx.setCustomStatus({ waitingFor: 'manager' }); // clients see it
    const answer = yield* ctx.waitForExternalEvent<string>('answer', { timeout: 3 * 86_400_000, default: 'no' });
    ctx.sendEvent('audit', 'answered', { trip, answer }); // to another instance; fire and forget
    return answer;
  }
  // #endregion

  // #region sub-orchestrations
  @Orchestrator()
  *tour(ctx: OrchestrationContext, trips: Trip[]): Orchestration<string[][]> {
    const { book } = ctx.orchestrators(Travel);
    const bookings = yield* ctx.allSettled(trips.map((trip) => book(trip)));
    return bookings.map((each) => (each.status === 'fulfilled' ? each.value : []));
  }
  // #endregion

  // #region continue-as-new
  @Orchestrator()
  *watchPrice(ctx: OrchestrationContext, watch: { city: string; limit: number; round: number }): Orchestration<number> {
    const price = yield* ctx.activities(TravelActivities).price(watch.city);
    if (price <= watch.limit) return price;
    const limit = yield* ctx.waitForExternalEvent<number>('newLimit', { timeout: 60_000, default: watch.limit });
    ctx.continueAsNew({ ...watch, limit, round: watch.round + 1 }); // same id, empty history
    return price;
  }
  // #endregion

  // #region determinism
  @Orchestrator()
  *ticket(ctx: OrchestrationContext, trip: Trip): Orchestration<object> {
    const issued = ctx.currentUtcDateTime; // not new Date()
    const number = ctx.newGuid(); // not randomUUID()
    const price = yield* ctx.activities(TravelActivities).price(trip.city); // not fetch(), not a repository
    ctx.log.log(`ticket ${number}: ${price}`); // written once, however often it is replayed
    return { number, issued, price };
  }
  // #endregion

  // #region by-name
  @Orchestrator()
  *untyped(ctx: OrchestrationContext, city: string): Orchestration<number> {
    return yield* ctx.callActivity<number>('price', city);
  }
  // #endregion
}

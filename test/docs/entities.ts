/** The README's entities: the class form, the function form, and who uses them. */
import { Injectable } from '@nestjs/common';
import { DurableClient, Entity, EntityId, InjectDurableClient, Orchestrator, TaskEntity } from 'nestjs-durable';
import type { EntityContext, Orchestration, OrchestrationContext } from 'nestjs-durable';
import type { Trip } from './travel.js';

@Injectable()
export class Mailer {
  readonly sent: string[] = [];

  async send(to: string, text: string): Promise<void> {
    this.sent.push(`${to}: ${text}`);
  }
}

// #region entity-class
@Entity() // its name is `miles`: that of the class, whatever the case
export class Miles extends TaskEntity<number> {
  constructor(private readonly mailer: Mailer) {
    super(); // dependencies are injected, and never part of the state
  }

  override initializeState(): number {
    return 0; // what the first operation finds
  }

  balance(): number {
    return this.state; // the caller's result
  }

  add(miles: number): void {
    this.state += miles; // committed when the operation has ended
  }

  async spend(miles: number): Promise<void> {
    if (this.state < miles) throw new Error(`only ${this.state} miles left`); // the state stays as it was
    this.state -= miles;
    await this.mailer.send(this.context.entityKey, `${miles} miles spent`); // a side effect: at least once
  }
}
// #endregion

@Injectable()
export class Airline {
  // #region entity-function
  @Entity()
  seats(ctx: EntityContext<number>): void {
    const free = ctx.getState(() => 2);
    if (ctx.operationName === 'close') return ctx.destructOnExit(); // the entity is gone afterwards
    if (ctx.operationName !== 'take') throw new Error(`there is no operation '${ctx.operationName}'`);
    if (free === 0) throw new Error(`flight ${ctx.entityKey} is full`);
    ctx.setState(free - 1);
    ctx.return(`seat ${free}`);
    if (free === 1) ctx.startNew('planExtraFlight', { input: ctx.entityKey }); // or ctx.signalEntity(...)
  }
  // #endregion

  @Orchestrator()
  planExtraFlight(_ctx: OrchestrationContext, flight: string): string {
    return `an extra flight to ${flight}`;
  }

  // #region entity-calls
  @Orchestrator()
  *upgrade(ctx: OrchestrationContext, trip: Trip): Orchestration<string> {
    const miles = ctx.entity(Miles, trip.traveller); // whether it exists or not
    yield* miles.spend(500); // a call has a result; what the operation throws arrives as TaskFailedError
    const seat = yield* ctx.callEntity<string>(new EntityId('seats', trip.city), 'take'); // by name
    const nextYear = new Date(ctx.currentUtcDateTime.getTime() + 365 * 86_400_000);
    miles.signal.add(50, { scheduledTime: nextYear }); // a signal has none: nobody waits for it
    return seat;
  }
  // #endregion

  // #region lock
  @Orchestrator()
  *giveMiles(ctx: OrchestrationContext, gift: { from: string; to: string; miles: number }): Orchestration<boolean> {
    const giver = ctx.entity(Miles, gift.from);
    const taker = ctx.entity(Miles, gift.to);
    const lock = yield* ctx.lock(giver, taker); // until release, only this orchestration's operations run there
    const enough = (yield* giver.balance()) >= gift.miles;
    if (enough) yield* ctx.all([giver.spend(gift.miles), taker.add(gift.miles)]);
    lock.release(); // at the latest the end of the orchestration releases, whatever it is; `using lock = …` works too
    return enough;
  }
  // #endregion
}

@Injectable()
export class MilesDesk {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  // #region entity-client
  async reward(traveller: string): Promise<number> {
    await this.client.entity(Miles, traveller).signal.add(100); // durable when the promise resolves, carried out soon after
    await this.client.signalEntity(new EntityId('miles', traveller), 'add', 20); // the same by name
    const { entityExists, entityState } = await this.client.readEntityState<number>(new EntityId('miles', traveller));
    return entityExists ? entityState! : 0; // what was committed last; no code runs for it
  }

  async total(): Promise<number> {
    let sum = 0;
    for await (const { state } of this.client.listEntitiesAll({ entityName: 'miles', fetchState: true })) sum += state as number;
    return sum;
  }
  // #endregion
}

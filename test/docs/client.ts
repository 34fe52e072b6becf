/** The README's use of the client. */
import { Injectable, Optional } from '@nestjs/common';
import { DurableClient, InjectDurableClient, InstanceNotRunningError } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { Travel, type Trip } from './travel.js';

@Injectable()
export class TravelDesk {
  constructor(
    @InjectDurableClient() private readonly client: DurableClient,
    @Optional() private readonly dataSource: DataSource,
  ) {}

  // #region start
  async start(trip: Trip): Promise<string[]> {
    const { book } = this.client.orchestrators(Travel);
    const id = await book(trip); // durable when the promise resolves
    const same = await book(trip, { instanceId: `trip-${trip.traveller}`, onConflict: 'useExisting' }); // idempotent
    const later = await book(trip, { startAt: new Date(Date.now() + 3_600_000), tags: { city: trip.city } });
    return [id, same, later];
  }
  // #endregion

  // #region query
  async report(id: string): Promise<number> {
    const status = await this.client.getStatus(id, { showHistory: true }); // null when there is none
    let failed = 0;
    for await (const each of this.client.getStatusAll({ runtimeStatus: 'Failed', name: status?.name })) {
      failed += each.failureDetails?.isNonRetriable ? 1 : 0;
    }
    return failed;
  }
  // #endregion

  // #region manage
  async cancel(id: string): Promise<unknown> {
    try {
      await this.client.suspend(id, 'under review'); // what arrives is kept
      await this.client.raiseEvent(id, 'answer', 'no'); // kept until the orchestrator waits for it
      await this.client.terminate(id, 'cancelled by the desk'); // aborts the signals of its activities
    } catch (error) {
      if (!(error instanceof InstanceNotRunningError)) throw error; // it was faster
    }
    const { runtimeStatus, output } = await this.client.waitForCompletion(id, { timeout: 10_000 });
    return { runtimeStatus, output };
  }
  // #endregion

  // #region repair
  async repair(id: string): Promise<string> {
    await this.client.rewind(id, 'the airline answers again'); // what failed runs again, what succeeded does not
    await this.client.waitForCompletion(id);
    const again = await this.client.restart(id); // from the beginning: same input, version and tags; a new id
    await this.client.purgeInstanceHistory(id, { recursive: true }); // with its sub-orchestrations
    return again;
  }
  // #endregion

  // #region transaction
  place(trip: Trip): Promise<string> {
    return this.dataSource.transaction(async (entityManager) => {
      await entityManager.query('INSERT INTO trips (traveller, city) VALUES (?, ?)', [trip.traveller, trip.city]);
      return this.client.orchestrators(Travel).book(trip, { entityManager }); // begins with the commit, or never
    });
  }
  // #endregion
}

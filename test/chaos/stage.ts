/** What every test with worker processes has: a database, fleets, and a client in this process, which is never killed. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule } from '../../lib/index.js';
import { createDatabase, type DatabaseKind, type TestDatabase } from '../support/databases.js';
import { Fleet } from './fleet.js';
import type { FleetOptions } from './worker-process.js';

/** Settings of the client and of the workers. */
export interface StageOptions {
  /** ms */
  readonly leaseDuration: number;
  /** Of the client only. */
  readonly defaultVersion?: string;
}

/** To be closed whatever happens. */
export class Stage {
  private readonly fleets: Fleet[] = [];

  private constructor(
    readonly database: TestDatabase,
    /** Directory of the effects logs. */
    readonly effects: string,
    private readonly leaseDuration: number, private readonly outside: INestApplicationContext,
  ) {}

  /** @param place an empty database, or the kind of one */
  static async open(place: DatabaseKind | TestDatabase, options: StageOptions): Promise<Stage> {
    const database = typeof place === 'string' ? await createDatabase(place) : place;
    @Module({ imports: [DurableModule.forRoot({ storage: database.storage, worker: false, ...options })] })
    class ClientModule {}
    const outside = await NestFactory.createApplicationContext(ClientModule, { logger: ['error'] });
    const effects = mkdtempSync(join(process.env.DURABLE_TEST_DIRECTORY!, 'effects-'));
    return new Stage(database, effects, options.leaseDuration, outside);
  }

  get client(): DurableClient {
    return this.outside.get(DurableClient, { strict: false });
  }

  /** What the workers of all fleets logged as errors, and workers that ended without being killed. */
  get errors(): string[] {
    return this.fleets.flatMap(({ errors }) => errors);
  }

  /** A fleet without workers yet. */
  fleet(special: Partial<FleetOptions> = {}, ofPlace?: (place: number) => Partial<FleetOptions>): Fleet {
    const { database: { storage }, leaseDuration, effects } = this;
    const fleet = new Fleet({ storage, leaseDuration, effects, ...special }, ofPlace);
    this.fleets.push(fleet);
    return fleet;
  }

  async close(): Promise<void> {
    for (const fleet of this.fleets) await fleet.close();
    await this.outside.close();
    await this.database.drop();
  }
}

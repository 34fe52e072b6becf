/**
 * The client of a run, in a process of its own that is never killed: starts journeys, raises their numbered events whether
 * a worker runs or not, and keeps a list of what was acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule, TaskTimeoutError, UnknownHandlerError, type DurableOrchestrationStatus, type StorageOptions } from '../../lib/index.js';
import type { Fleet } from './fleet.js';
import { eventNumbers, type Plan } from './plan.js';
import type { Random } from './random.js';
import type { JourneyInput } from './workload.js';

/** How long a journey may take after its last event, ms: far more than any number of kills costs. */
const STUCK = 180_000;

/** A journey that was started, and what its starter knows of it. */
export interface Journey {
  readonly plan: Plan;
  /** Numbers of the events whose raising was acknowledged, in the order sent. */
  readonly acknowledged: number[];
  /** How it ended, as `waitForCompletion` told. */
  end?: DurableOrchestrationStatus;
}

export interface DriverOptions {
  readonly storage: StorageOptions;
  readonly leaseDuration: number;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Longest pause before each event, ms. */
  readonly maxPause: number;
}

export class Driver {
  readonly journeys: Journey[] = [];
  /** Events that were acknowledged while no worker was working. */
  acknowledgedWithoutWorker = 0;

  private constructor(private readonly options: DriverOptions, private readonly app: INestApplicationContext) {}

  static async open(options: DriverOptions): Promise<Driver> {
    const { storage, leaseDuration } = options;
    @Module({ imports: [DurableModule.forRoot({ storage, leaseDuration, worker: false })] })
    class ClientModule {}
    return new Driver(options, await NestFactory.createApplicationContext(ClientModule, { logger: ['error'] }));
  }

  get client(): DurableClient {
    return this.app.get(DurableClient, { strict: false });
  }

  /** Events that were acknowledged. */
  get acknowledged(): number {
    return this.journeys.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  /** Keeps `inFlight` journeys under way as long as there are plans; resolves when all are at their end. */
  async keepInFlight(inFlight: number, plans: Iterator<Plan>): Promise<void> {
    const travel = async (random: Random): Promise<void> => {
      for (let next = plans.next(); !next.done; next = plans.next()) await this.run(next.value, random);
    };
    await Promise.all(Array.from({ length: inFlight }, () => travel(this.options.random.fork())));
  }

  /** Starts a journey, raises its events and waits for its end. */
  async run(plan: Plan, random: Random): Promise<Journey> {
    const journey: Journey = { plan, acknowledged: [] };
    this.journeys.push(journey);
    await this.start(plan);
    for (const number of eventNumbers(plan)) {
      await delay(random.between(0, this.options.maxPause));
      const hadNoWorker = this.options.fleet.working.length === 0;
      // Names of events ignore case [E1].
      await this.client.raiseEvent(plan.id, random.pick(['number', 'Number']), number);
      journey.acknowledged.push(number);
      if (hadNoWorker && this.options.fleet.working.length === 0) this.acknowledgedWithoutWorker += 1;
    }
    journey.end = await this.endOf(plan.id);
    return journey;
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** None when it gets stuck: the others go on, and the check says which one it was. */
  private async endOf(instanceId: string): Promise<DurableOrchestrationStatus | undefined> {
    try {
      return await this.client.waitForCompletion(instanceId, { timeout: STUCK });
    } catch (error) {
      if (!(error instanceof TaskTimeoutError)) throw error;
      return undefined;
    }
  }

  private async start(plan: Plan): Promise<void> {
    const input: JourneyInput = { plan, round: 0, results: [] };
    for (;;) {
      try {
        await this.client.startNew('journey', { instanceId: plan.id, input, onConflict: 'reject' });
        return;
      } catch (error) {
        // While every worker is dead nobody is known to have the orchestrator [K1].
        if (!(error instanceof UnknownHandlerError)) throw error;
        await this.options.fleet.whenWorking();
      }
    }
  }
}

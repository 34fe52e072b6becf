/**
 * What the client of a run does, in a process that is never killed: starts journeys, raises their numbered events whether
 * a worker runs or not, and keeps a list of what was acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DurableClient, DurableOrchestrationStatus } from '../../lib/index.js';
import type { Fleet } from './fleet.js';
import { endOf, startPatiently } from './patience.js';
import { eventNumbers, type Plan } from './plan.js';
import type { Random } from './random.js';
import type { JourneyInput } from './workload.js';

/** A journey that was started, and what its starter knows of it. */
export interface Journey {
  readonly plan: Plan;
  /** Numbers of the events whose raising was acknowledged, in the order sent. */
  readonly acknowledged: number[];
  /** How it ended, as `waitForCompletion` told. */
  end?: DurableOrchestrationStatus;
}

export interface DriverOptions {
  readonly client: DurableClient;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Longest pause before each event, ms. */
  readonly maxPause: number;
}

export class Driver {
  readonly journeys: Journey[] = [];
  /** Events that were acknowledged while no worker was working. */
  acknowledgedWithoutWorker = 0;

  constructor(private readonly options: DriverOptions) {}

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
    const { client, fleet, maxPause } = this.options;
    const input: JourneyInput = { plan, round: 0, results: [] };
    await startPatiently(client, fleet, 'journey', plan.id, input);
    for (const number of eventNumbers(plan)) {
      await delay(random.between(0, maxPause));
      const hadNoWorker = fleet.working.length === 0;
      // Names of events ignore case [E1].
      await client.raiseEvent(plan.id, random.pick(['number', 'Number']), number);
      journey.acknowledged.push(number);
      if (hadNoWorker && fleet.working.length === 0) this.acknowledgedWithoutWorker += 1;
    }
    journey.end = await endOf(client, plan.id);
    return journey;
  }
}

/**
 * What the client of the transfer test does, in a process that is never killed: starts orchestrations, terminates some, and pays
 * into accounts by signals whether a worker runs or not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EntityId, InstanceNotRunningError, type DurableClient, type DurableOrchestrationStatus } from '../../lib/index.js';
import type { Deposit, Passing } from './accounts.js';
import type { Fleet } from './fleet.js';
import { endOf, startPatiently } from './patience.js';
import type { Random } from './random.js';
import { ACCOUNTS, type TransferPlan } from './transfer-plan.js';
import type { TransfersInput } from './transfers.js';

/** Longest pause between two signals, ms. */
const PAUSE = 60;
/** How far ahead a signal is scheduled at most, ms. */
const AHEAD = 400;

/** An orchestration that was started, and what its starter knows of it. */
export interface TransferRun {
  readonly plan: TransferPlan;
  /** How it ended, as `waitForCompletion` told. */
  end?: DurableOrchestrationStatus;
}

/** A signal that was acknowledged. */
export interface Gift {
  readonly account: string;
  readonly operation: 'deposit' | 'passOn';
  readonly id: string;
  readonly amount: number;
  /** Whether it was to come later: it may be overtaken. */
  readonly isScheduled: boolean;
}

/** What workers log of gifts that fail: nobody waits for a signal [N5]. */
export const GIFT_FAILED = /fails on purpose|InsufficientFundsError/;

export class TransferTraffic {
  readonly runs: TransferRun[] = [];
  /** In the order sent. */
  readonly gifts: Gift[] = [];
  /** Gifts that were acknowledged while no worker was working. */
  giftsWithoutWorker = 0;

  constructor(private readonly client: DurableClient, private readonly fleet: Fleet) {}

  /** Keeps `inFlight` orchestrations under way as long as there are plans; resolves when all are at their end. */
  async keepInFlight(inFlight: number, plans: Iterator<TransferPlan>): Promise<void> {
    const work = async (): Promise<void> => {
      for (let next = plans.next(); !next.done; next = plans.next()) await this.run(next.value);
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  }

  /** Sends one gift after the other, as long as `more` answers with true. */
  async give(random: Random, more: () => boolean): Promise<void> {
    while (more()) {
      await delay(random.between(0, PAUSE));
      const hadNoWorker = this.fleet.working.length === 0;
      await this.giveOne(random, `gift-${this.gifts.length}`);
      if (hadNoWorker && this.fleet.working.length === 0) this.giftsWithoutWorker += 1;
    }
  }

  private async giveOne(random: Random, id: string): Promise<void> {
    const account = random.pick(ACCOUNTS);
    const operation = random.pick(['deposit', 'passOn'] as const);
    const posting = { id, amount: random.between(1, 100), wait: random.chance(0.3) ? random.between(1, 30) : 0 };
    const input: Deposit | Passing = operation === 'deposit'
      ? { ...posting, receipt: random.chance(0.3) }
      : { ...posting, to: random.pick(ACCOUNTS.filter((other) => other !== account)), fails: random.chance(0.3) };
    const isScheduled = random.chance(0.2);
    const scheduledTime = isScheduled ? new Date(Date.now() + random.between(0, AHEAD)) : undefined;
    await this.client.signalEntity(new EntityId('account', account), operation, input, { scheduledTime });
    this.gifts.push({ account, operation, id, amount: posting.amount, isScheduled });
  }

  private async run(plan: TransferPlan): Promise<void> {
    const { id, end } = plan;
    const run: TransferRun = { plan };
    this.runs.push(run);
    const input: TransfersInput = { plan, lap: 0, booked: [] };
    await startPatiently(this.client, this.fleet, 'transfers', id, input);
    if (end.kind === 'terminated') await this.terminate(id, end);
    run.end = await endOf(this.client, id);
  }

  private async terminate(id: string, { after, recursive }: { after: number; recursive: boolean }): Promise<void> {
    await delay(after);
    try {
      await this.client.terminate(id, 'terminated in the midst', { recursive });
    } catch (error) {
      // It has failed: the check will tell why.
      if (!(error instanceof InstanceNotRunningError)) throw error;
    }
  }
}

/** The orchestrations of the transfer test: each transfer is a critical section over the accounts that it names [L1]. */
import { Injectable } from '@nestjs/common';
import { Orchestrator, TaskFailedError, type DurableTask, type EntityLock, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import { Account, type Posting } from './accounts.js';
import type { Transfer, TransferPlan } from './transfer-plan.js';
import { Errands } from './workload.js';

/** An amount that an account was told to book. */
export interface Booking {
  readonly account: string;
  readonly id: string;
  /** Negative when it is paid. */
  readonly amount: number;
}

export interface TransfersInput {
  readonly plan: TransferPlan;
  /** Generations before this one. */
  readonly lap: number;
  /** What they have booked: their histories are deleted. */
  readonly booked: readonly Booking[];
}

interface BranchInput {
  readonly transfer: Transfer;
  readonly id: string;
}

const TIP = 1;
export const FAILURE = 'The transfer fails on purpose.';

@Injectable()
export class Transfers {
  @Orchestrator()
  *transfers(ctx: OrchestrationContext, { plan, lap, booked: before }: TransfersInput): Orchestration<readonly Booking[]> {
    const { end, id, rounds } = plan;
    const { transfers, branch, holdsOn } = rounds[lap % rounds.length]!;
    const isLast = end.kind !== 'terminated' && lap + 1 === rounds.length;
    const booked = [...before];
    const branching = branch && ctx.orchestrators(Transfers).branch({ transfer: branch, id: `${id}.${lap}.branch` });
    for (const [index, transfer] of transfers.entries()) {
      const isLastTransfer = index + 1 === transfers.length;
      // Who waited for it within the section would wait for ever when it needs the same accounts.
      if (isLastTransfer && branching) yield* branching;
      const lock = yield* this.transfer(ctx, transfer, `${id}.${lap}.${index}`, booked, isLastTransfer && isLast && end.kind === 'fails');
      if (!isLastTransfer || !holdsOn) lock.release();
    }
    if (!isLast) ctx.continueAsNew({ plan, lap: lap + 1, booked });
    return booked;
  }

  @Orchestrator()
  *branch(ctx: OrchestrationContext, { transfer, id }: BranchInput): Orchestration<readonly Booking[]> {
    const booked: Booking[] = [];
    const lock = yield* this.transfer(ctx, transfer, id, booked, false);
    lock.release();
    return booked;
  }

  /** Pays, when there is enough to pay with, and answers the lock, which still stands. */
  private *transfer(ctx: OrchestrationContext, transfer: Transfer, id: string, booked: Booking[], fails: boolean): Orchestration<EntityLock> {
    const { accounts: keys, amount, wait, pause, tip } = transfer;
    const accounts = keys.map((key) => ctx.entity(Account, key));
    const [payer, ...payees] = accounts;
    const total = amount * payees.length;
    const lock = yield* ctx.lock(...accounts);
    const balances = yield* ctx.all(accounts.map((account) => account.balance()));
    const isPaid = yield* succeeds(payer!.withdraw({ id, amount: total, wait }));
    if (fails) throw new Error(FAILURE);
    if (!isPaid) return lock;
    booked.push({ account: keys[0]!, id, amount: -total });
    if (tip !== undefined) {
      const posting: Posting = { id: `${id}.tip`, amount: TIP, wait: 0 };
      ctx.entity(Account, tip).signal.deposit(posting);
      booked.push({ account: tip, id: posting.id, amount: TIP });
    }
    if (pause !== undefined) yield* ctx.activities(Errands).work({ call: id, duration: pause });
    const left = yield* ctx.all([payer!.balance(), ...payees.map((payee) => payee.deposit({ id, amount, wait }))]);
    payees.forEach((_, index) => booked.push({ account: keys[index + 1]!, id, amount }));

    const expected = balances.map((balance, index) => balance + (index === 0 ? -total : amount));
    if (String(left) !== String(expected)) throw new Error(`Transfer ${id} left ${String(left)} in place of ${String(expected)}: somebody else was in its section [L1].`);
    return lock;
  }
}

/** Whether there was enough to pay with. */
function* succeeds(payment: DurableTask<number>): Orchestration<boolean> {
  try {
    yield* payment;
    return true;
  } catch (error) {
    if (!(error instanceof TaskFailedError) || !error.isCausedBy('InsufficientFundsError')) throw error;
    return false;
  }
}

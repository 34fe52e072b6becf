import { Injectable } from '@nestjs/common';
import { Orchestrator, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { Account } from './account.entity.js';

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

@Injectable()
export class Bank {
  /**
   * Moves money under a lock on both accounts: no operation of others comes between the look at the balance and the deposit,
   * even if the process dies meanwhile. The lock ends with the orchestration.
   */
  @Orchestrator()
  *transfer(ctx: OrchestrationContext, { from, to, amount }: Transfer): Orchestration {
    const payer = ctx.entity(Account, from);
    const payee = ctx.entity(Account, to);
    yield* ctx.lock(payer, payee);
    const balance = yield* payer.balance();
    if (balance < amount) throw new Error(`there are only ${balance} in the account of ${from}`);
    yield* payer.withdraw(amount);
    yield* payee.deposit(amount);
    ctx.log.log(`${amount} went from ${from} to ${to}`);
  }
}

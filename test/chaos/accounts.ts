/** Bank accounts as entities. Each notes every operation that it has carried out: what is lost or doubled shows in its state. */
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Entity, EntityId, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import { Effects } from './effects.js';
import { OPENING_BALANCE } from './transfer-plan.js';

/** An operation that changed an account. */
export interface Entry {
  /** No two operations on one account have the same. */
  readonly id: string;
  /** Negative when it was paid. */
  readonly amount: number;
  /** The account that passed it on to this one. */
  readonly from?: string;
  /** The account that it was passed on to. */
  readonly to?: string;
  /** Whether it started a {@link Receipts.receipt}. */
  readonly receipt?: boolean;
}

export interface AccountState {
  readonly balance: number;
  /** In the order in which they were carried out. */
  readonly entries: readonly Entry[];
}

export interface Posting {
  readonly id: string;
  /** Positive. */
  readonly amount: number;
  /** How long it takes, ms. */
  readonly wait: number;
}

export interface Deposit extends Posting {
  readonly from?: string;
  readonly receipt?: boolean;
}

export interface Passing extends Posting {
  readonly to: string;
  /** Whether it throws when all is done. */
  readonly fails: boolean;
}

class InsufficientFundsError extends Error {
  override readonly name = 'InsufficientFundsError';
}

@Entity()
@Injectable()
export class Account extends TaskEntity<AccountState> {
  constructor(private readonly effects: Effects) {
    super();
  }

  override initializeState(): AccountState {
    return { balance: OPENING_BALANCE, entries: [] };
  }

  balance(): number {
    return this.state.balance;
  }

  /** Answers the new balance. */
  withdraw({ id, amount, wait }: Posting): Promise<number> {
    return this.#book({ id, amount: -amount }, wait);
  }

  /** Answers the new balance. */
  async deposit({ id, amount, wait, from, receipt }: Deposit): Promise<number> {
    const entry: Entry = { id, amount, ...(from !== undefined && { from }), ...(receipt && { receipt }) };
    if (receipt) this.context.startNew('receipt', { input: receiptOf(this.context.entityKey, entry) });
    return this.#book(entry, wait);
  }

  /** Pays another account by a signal. */
  async passOn({ id, amount, wait, to, fails }: Passing): Promise<void> {
    const deposit: Deposit = { id, amount, wait: 0, from: this.context.entityKey };
    this.context.signalEntity(new EntityId('account', to), 'deposit', deposit);
    await this.#book({ id, amount: -amount, to }, wait);
    if (fails) throw new Error(`Operation ${id} fails on purpose.`);
  }

  /** Begins with the balance and ends with the entry: what is half done shows. */
  #book(entry: Entry, wait: number): Promise<number> {
    const { entityKey } = this.context;
    return this.effects.recordOperation({ call: `${entityKey} ${entry.id}` }, async () => {
      const balance = this.state.balance + entry.amount;
      if (balance < 0) throw new InsufficientFundsError(`Account '${entityKey}' lacks ${-balance} for ${entry.id}.`);
      this.state = { ...this.state, balance };
      if (wait > 0) await delay(wait);
      this.state = { ...this.state, entries: [...this.state.entries, entry] };
      return balance;
    });
  }
}

@Injectable()
export class Receipts {
  /** Does nothing: that it is there, once, counts. */
  @Orchestrator()
  *receipt(_ctx: OrchestrationContext, input: string): Orchestration<string> {
    return input;
  }
}

/** Input of the receipt of an entry. */
export function receiptOf(account: string, { id }: Entry): string {
  return `${account} ${id}`;
}

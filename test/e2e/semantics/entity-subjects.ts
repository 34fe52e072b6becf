/** Entities of both forms, for the scenarios of what an entity is. */
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Entity, EntityId, Orchestrator, TaskEntity, type EntityContext, type EntityStartOptions, type OrchestrationContext } from 'nestjs-durable';
import type { Operation } from '../support/entity-callers.js';
import { Gates } from '../support/gates.js';

/** What entities inject: no part of any state. */
@Injectable()
export class Rates {
  readonly perHundred = 3;
  /** Lifecycle hooks and underscored methods that ran on an object of an entity. */
  readonly forbidden: string[] = [];
}

/** Function form. */
@Injectable()
export class Functions {
  constructor(private readonly rates: Rates) {}

  /** Answers what its context knows. */
  @Entity()
  inspector(ctx: EntityContext): void {
    const { entityName, entityKey, entityId, operationName, isNewlyConstructed } = ctx;
    ctx.return({ entityName, entityKey, entityId, operationName, isNewlyConstructed, input: ctx.getInput() });
    ctx.setState('inspected');
  }

  /** Keeps what it is given. */
  @Entity()
  box(ctx: EntityContext<unknown>): void {
    switch (ctx.operationName) {
      case 'put':
        ctx.setState(ctx.getInput());
        return ctx.return('put');
      case 'get':
        return ctx.return({ exists: !ctx.isNewlyConstructed, state: ctx.getState() ?? null, type: typeof ctx.getState() });
      case 'initialize':
        return ctx.return([ctx.getState(() => ctx.getInput()), ctx.getState() ?? null]);
      case 'change in place': {
        const state = ctx.getState(() => ({})) as { changed?: boolean };
        state.changed = true;
        return ctx.return(state);
      }
      case 'return twice':
        ctx.return('first');
        return ctx.return('second');
      case 'return input':
        return ctx.return(ctx.getInput());
      case 'exit':
        ctx.destructOnExit();
        return ctx.return([ctx.getState(), ctx.isNewlyConstructed]);
      case 'throw text':
        ctx.setState('never');
        throw ctx.getInput();
      default:
        throw new RangeError(`a box cannot ${ctx.operationName}`);
    }
  }

  /** Asynchronous, with a dependency. */
  @Entity({ name: 'Savings' })
  async savings(ctx: EntityContext<number>): Promise<void> {
    await new Promise(setImmediate);
    ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>() * (1 + this.rates.perHundred / 100));
    await new Promise(setImmediate);
    ctx.return(ctx.getState());
  }

  /** Passes on what it is given, as its operation says; ends with an error when the input says so. */
  @Entity()
  messenger(ctx: EntityContext<number>): void {
    const { signals = [], starts = [], error } = ctx.getInput<Errand>();
    for (const [entity, operation, input] of signals) ctx.signalEntity(EntityId.parse(String(entity)), operation, input);
    const ids = starts.map(([name, { startAt, ...options } = {}]) => ctx.startNew(name, { ...options, ...(startAt && { startAt: new Date(startAt) }) }));
    ctx.setState(ctx.getState(() => 0) + 1);
    ctx.return(ids);
    if (error !== undefined) throw new RangeError(error);
  }

  /** Its operations leave behind what JSON cannot hold. */
  @Entity()
  unfit(ctx: EntityContext<unknown>): void {
    if (ctx.operationName === 'keep') ctx.setState(ctx.getInput());
    else if (ctx.operationName === 'state') ctx.setState({ total: 1n });
    else if (ctx.operationName === 'result') ctx.return({ total: 1n });
  }
}

export interface Errand {
  readonly signals?: readonly Operation[];
  readonly starts?: readonly (readonly [string, EntityStartOptions?])[];
  readonly error?: string;
}

interface Balance {
  balance: number;
  openedAt?: Date | string;
}

abstract class Account extends TaskEntity<Balance> {
  override initializeState(): Balance {
    return { balance: 0 };
  }

  deposit(amount: number): number {
    this.state.balance += amount;
    return this.state.balance;
  }

  /** Asynchronous; changes the state before it fails. */
  async withdraw(amount: number): Promise<number> {
    const left = this.deposit(-amount);
    await new Promise(setImmediate);
    if (left < 0) throw new RangeError(`${-left} are missing`);
    return left;
  }
}

/** Class form, with everything that is no operation. */
@Entity()
export class BankAccount extends Account implements OnModuleInit, OnModuleDestroy {
  constructor(private readonly rates: Rates) {
    super();
  }

  addInterest(): number {
    return this.deposit((this.state.balance * this.rates.perHundred) / 100);
  }

  whoAmI(): unknown {
    const { entityId, operationName, isNewlyConstructed } = this.context;
    return { entityId, operationName, isNewlyConstructed };
  }

  replace(balance: number): void {
    this.state = { balance };
  }

  open(): string {
    this.state.openedAt = new Date(0);
    return typeof this.state.openedAt;
  }

  openedAtType(): string {
    return typeof this.state.openedAt;
  }

  close(): number {
    this.context.destructOnExit();
    return this.state.balance;
  }

  _audit(): void {
    this.rates.forbidden.push('_audit');
  }

  onModuleInit(): void {
    this.rates.forbidden.push('onModuleInit');
  }

  onModuleDestroy(): void {
    this.rates.forbidden.push('onModuleDestroy');
  }
}

/** Defines `delete`: it only closes. */
@Entity({ name: 'Archive' })
export class Files extends TaskEntity<string[]> {
  override initializeState(): string[] {
    return [];
  }

  add(file: string): number {
    return this.state.push(file);
  }

  delete(): string {
    this.state = ['deleted'];
    return 'archived';
  }
}

/** Fields beside the state, and an await between writing and reading them. */
@Entity()
export class Meter extends TaskEntity<number[]> {
  #reading = 0;
  unit = '';

  constructor(private readonly gates: Gates) {
    super();
  }

  override initializeState(): number[] {
    return [];
  }

  async measure({ reading, gate }: { reading: number; gate: string }): Promise<unknown> {
    this.#reading = reading;
    this.unit = this.context.entityKey;
    await this.gates.pass(gate);
    this.state.push(this.#reading);
    return { reading: this.#reading, unit: this.unit, state: this.state, key: this.context.entityKey };
  }
}

@Injectable()
export class Orchestrators {
  @Orchestrator()
  started(_ctx: OrchestrationContext, input: unknown): unknown {
    return { input };
  }

  @Orchestrator({ name: 'versioned', version: '2' })
  second(ctx: OrchestrationContext): string {
    return `second, as ${String(ctx.version)}`;
  }
}

export const ENTITY_SUBJECTS = [Rates, Functions, BankAccount, Files, Meter, Orchestrators];

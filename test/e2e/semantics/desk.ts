/** Entities for the scenarios of how operations come to them. */
import { Injectable } from '@nestjs/common';
import { Entity, TaskEntity, type EntityContext } from 'nestjs-durable';
import { EntityCallers } from '../support/entity-callers.js';
import { Echo } from '../support/echo.js';
import { Gates } from '../support/gates.js';

/** What operations began and ended, in its order. */
@Injectable()
export class Journal {
  readonly lines: string[] = [];
}

/** Its state is what was noted, in its order. */
@Entity()
export class Desk extends TaskEntity<unknown[]> {
  constructor(private readonly gates: Gates, private readonly journal: Journal) {
    super();
  }

  override initializeState(): unknown[] {
    return [];
  }

  note(value: unknown): unknown[] {
    this.state.push(value);
    return this.state;
  }

  read(): unknown[] {
    return this.state;
  }

  echo(value?: unknown): unknown {
    return value;
  }

  /** Notes its gate when that is open. */
  async work(gate: string): Promise<string> {
    this.journal.lines.push(`${gate} begins`);
    await this.gates.pass(gate);
    this.journal.lines.push(`${gate} ends`);
    this.state.push(gate);
    return gate;
  }

  refuse(value: unknown): void {
    this.state.push(value);
    throw new RangeError(`no ${String(value)} here`);
  }

  /** Signals itself for later. */
  remind({ at, value }: { at: string; value: unknown }): void {
    this.context.signalEntity(this.context.entityId, 'note', value, { scheduledTime: new Date(at) });
  }

  _secret(): void {}
}

/** Adds up; in function form. */
@Injectable()
export class Functions {
  @Entity()
  counter(ctx: EntityContext<number>): void {
    if (ctx.operationName === 'add') ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
    ctx.return(ctx.getState());
  }
}

/** All that these scenarios need beside their orchestrators. */
export const DESKS = [Journal, Desk, Functions, Echo, EntityCallers];

/**
 * Compiled by `npm run typecheck`, never run: what `@Entity()` must accept and refuse, and the types of contexts.
 */
import { Entity, EntityId, TaskEntity, type EntityContext, type TaskEntityContext } from 'nestjs-durable';

@Entity()
export class Counter extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  add(amount: number): number {
    this.context.signalEntity(new EntityId('log', 'a'), 'note', amount, { scheduledTime: new Date() });
    this.context satisfies TaskEntityContext;
    return (this.state += amount);
  }

  wrong(): void {
    // @ts-expect-error [N3] the state is `this.state`
    this.context.setState(1);
    // @ts-expect-error [N3] and has its type
    this.state = 'one';
  }
}

@Entity({ name: 'audit', hub: 'billing' })
export abstract class Audit extends TaskEntity<{ readonly lines: string[] }> {
  constructor(private readonly prefix: string) {
    super();
  }

  note(line: string): void {
    this.state.lines.push(this.prefix + line);
  }
}

export class Accepted {
  @Entity()
  counter(ctx: EntityContext<number>): void {
    const state = ctx.getState(() => 0);
    state satisfies number;
    ctx.getState() satisfies number | undefined;
    ctx.setState(state + ctx.getInput<number>());
    // @ts-expect-error [N2] the state has a type
    ctx.setState('one');
    return ctx.return(state);
  }

  @Entity({ name: 'later' })
  async asynchronous(ctx: EntityContext<number>): Promise<void> {
    ctx.startNew('audit', { instanceId: 'a', input: 1, tags: { kind: 'x' }, startAt: new Date() }) satisfies string;
  }

  @Entity()
  alwaysThrows(): never {
    throw new Error('always');
  }
}

// @ts-expect-error [N3] an entity class extends TaskEntity
@Entity()
export class Plain {
  add(): void {}
}

export class Refused {
  // @ts-expect-error [N2] an entity has one parameter
  @Entity()
  twoParameters(_ctx: EntityContext, _input: number): void {}

  // @ts-expect-error [N2] which is the context
  @Entity()
  inputFirst(_input: number): void {}

  // @ts-expect-error [N2] a result is given to ctx.return
  @Entity()
  returns(ctx: EntityContext<number>): number {
    return ctx.getState(() => 0);
  }

  // @ts-expect-error [N2] also an asynchronous one
  @Entity()
  async returnsLater(ctx: EntityContext<number>): Promise<number> {
    return ctx.getState(() => 0);
  }

  // @ts-expect-error an entity is no generator
  @Entity()
  *generator(_ctx: EntityContext): Generator<number> {}

  // @ts-expect-error a field is no method
  @Entity()
  field = (_ctx: EntityContext): void => {};

  // @ts-expect-error no such option
  @Entity({ version: '1' })
  versioned(_ctx: EntityContext): void {}
}

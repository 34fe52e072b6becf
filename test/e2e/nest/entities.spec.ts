/** How entities are found and bound: both forms, scopes, dependencies, objects of their own, stand-ins. No engine runs. */
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Entity, TaskEntity, type EntityContext } from 'nestjs-durable';
import { DiscoveredHandlers } from '../../../lib/nest/handler-registry.js';
import { explore, Gateway, load } from './exploring.js';

@Entity()
@Injectable()
class Account extends TaskEntity<number> {
  #operations = 0;
  seen: number[] = [];

  constructor(private readonly gateway: Gateway) {
    super();
  }

  override initializeState(): number {
    return 0;
  }

  deposit(amount: number): string {
    this.state += amount;
    return this.gateway.pay(this.state);
  }

  count(): number[] {
    this.seen.push(++this.#operations);
    return this.seen;
  }
}

@Injectable()
class Registers {
  constructor(protected readonly gateway: Gateway) {}

  @Entity({ name: 'Till' })
  register(ctx: EntityContext<number>): void {
    ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
    ctx.return(`${ctx.operationName}: ${this.gateway.pay(ctx.getState()!)}`);
  }

  @Entity({ hub: 'billing' })
  billed(_ctx: EntityContext): void {}
}

describe('the explorer', () => {
  it('[N1] finds both forms of a registration, by their names in lower case', async () => {
    const handlers = await explore({ providers: [Account, Registers, Gateway] });
    expect(handlers.list().entities).toEqual(['account', 'till']);
    expect(handlers.findEntity('account')?.source).toBe('Account');
    expect(handlers.findEntity('till')?.source).toBe('Registers.register');
    expect(handlers.findEntity('Till')).toBeUndefined();
  });

  it('[N2] calls the function form with its provider as this', async () => {
    const { run, execution } = await load(await explore({ providers: [Registers, Gateway] }), 'till');
    expect([await run('Sell', 2), await run('Sell', 3)]).toEqual(['Sell: paid 2', 'Sell: paid 5']);
    expect(execution.state).toBe('5');
  });

  it('[N3] injects the dependencies of a class, which are no part of the state', async () => {
    const { run, execution } = await load(await explore({ providers: [Account, Gateway] }), 'account');
    expect(await run('deposit', 5)).toBe('paid 5');
    expect(execution.state).toBe('5');
  });

  it('[N3] makes an object for each loaded entity: keys share no fields, #private ones included', async () => {
    const handlers = await explore({ providers: [Account, Gateway] });
    const [first, second] = [await load(handlers, 'account', 'a'), await load(handlers, 'account', 'b')];
    await first.run('count');
    expect(await first.run('count')).toEqual([1, 2]);
    expect(await second.run('count')).toEqual([1]);
  });

  it("[N3] injects from the class's own module, also properties", async () => {
    @Entity()
    class Vault extends TaskEntity<number> {
      @Inject('SECRET') private readonly secret!: string;

      reveal(): string {
        return this.secret;
      }
    }
    @Module({ providers: [Vault, { provide: 'SECRET', useValue: 'within' }], exports: [Vault] })
    class VaultModule {}
    const handlers = await explore({ imports: [VaultModule], providers: [{ provide: 'SECRET', useValue: 'without' }] });
    expect(await (await load(handlers, 'vault')).run('reveal')).toBe('within');
  });

  it('counts a class under several tokens once', async () => {
    const passedOn = { provide: 'PASSED_ON', inject: [Account], useFactory: (account: Account) => account };
    const alias = { provide: 'ALIAS', useExisting: Account };
    expect((await explore({ providers: [passedOn, alias, Account, Gateway] })).list().entities).toEqual(['account']);
  });

  it('gives what stubs need from the decorators alone', () => {
    const handlers = new DiscoveredHandlers();
    expect(handlers.entityOf(Account)).toEqual({ name: 'account', operations: new Set(['deposit', 'count', 'delete']) });
    expect(handlers.entityOf(Account)).toBe(handlers.entityOf(Account));
  });

  it('refuses stubs of other classes', () => {
    class Undecorated extends Account {}
    for (const type of [Registers, Undecorated, TaskEntity]) {
      expect(() => new DiscoveredHandlers().entityOf(type)).toThrow(`${type.name} is no entity class: a stub takes a class that extends TaskEntity`);
    }
    expect(() => new DiscoveredHandlers().entityOf('account' as never)).toThrow(TypeError);
    expect(() => new DiscoveredHandlers('billing').entityOf(Account)).toThrow(
      "Account is an entity of the registration 'default', and this one is 'billing'",
    );
  });
});

describe('scopes', () => {
  let made = 0;
  beforeEach(() => (made = 0));

  @Injectable({ scope: Scope.REQUEST })
  class WorkItem {
    readonly number = ++made;

    constructor(@Inject(REQUEST) private readonly ctx: EntityContext) {}

    describe(): string {
      return `${this.number}: ${this.ctx.operationName} of ${this.ctx.entityId.toString()}`;
    }
  }

  it('the function form in a request-scoped provider has an instance for each operation, with its context as the request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Audits {
      constructor(private readonly item: WorkItem) {}

      @Entity()
      audit(ctx: EntityContext): void {
        ctx.return(this.item.describe());
      }
    }
    const { run } = await load(await explore({ providers: [Audits, WorkItem] }), 'audit');
    expect([await run('first'), await run('second')]).toEqual(['1: first of @audit@a', '2: second of @audit@a']);
  });

  it.each([Scope.DEFAULT, Scope.REQUEST])('the class form of scope %s with request-scoped dependencies has an object for each operation', async (scope) => {
    @Entity()
    @Injectable({ scope })
    class Audit extends TaskEntity<string[]> {
      private fields = 0;

      constructor(private readonly item: WorkItem) {
        super();
      }

      override initializeState(): string[] {
        return [];
      }

      note(): string[] {
        this.state.push(`${this.item.describe()}, field ${++this.fields}`);
        return this.state;
      }
    }
    const { run } = await load(await explore({ providers: [Audit, WorkItem] }), 'audit');
    await run('note');
    expect(await run('note')).toEqual(['1: note of @audit@a, field 1', '2: note of @audit@a, field 1']);
  });

  it('the class form with a transient dependency has one for each object', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Pad {
      lines = 0;
    }
    @Entity()
    @Injectable()
    class Notes extends TaskEntity<number> {
      constructor(private readonly pad: Pad) {
        super();
      }

      write(): number {
        return ++this.pad.lines;
      }
    }
    const handlers = await explore({ providers: [Notes, Pad] });
    const [first, second] = [await load(handlers, 'notes'), await load(handlers, 'notes')];
    expect([await first.run('write'), await first.run('write'), await second.run('write')]).toEqual([1, 2, 1]);
  });
});

describe('stand-ins', () => {
  it("overrideProvider().useValue() of a plain object: its methods, and the class's for those that it lacks; an object for each entity", async () => {
    const mock = { calls: 0, gateway: { pay: () => 'mocked' }, seen: [], count(): number { return ++this.calls; } };
    const handlers = await explore({ providers: [Account, Gateway] }, (builder) => builder.overrideProvider(Account).useValue(mock));
    const [first, second] = [await load(handlers, 'account', 'a'), await load(handlers, 'account', 'b')];
    expect(await first.run('deposit', 5)).toBe('mocked');
    expect(first.execution.state).toBe('5');
    expect([await first.run('count'), await first.run('count'), await second.run('count')]).toEqual([1, 2, 1]);
    expect(mock.calls).toBe(0);
    expect(await first.run('calls')).toContain("has no operation 'calls'");
  });

  it('a mock that answers to any name', async () => {
    const mock: object = new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : jest.fn().mockReturnValue(`any ${String(name)}`)) });
    const handlers = await explore({ providers: [Account, Gateway] }, (builder) => builder.overrideProvider(Account).useValue(mock));
    expect(await (await load(handlers, 'account')).run('deposit', 5)).toBe('any deposit');
  });

  it('overrideProvider().useClass(), of a TaskEntity and of none, and useFactory()', async () => {
    class FakeAccount extends Account {
      override deposit(amount: number): string {
        this.state = amount;
        return 'faked';
      }
    }
    class Fake {
      state = 0;

      deposit(amount: number): string {
        this.state += amount;
        return `other ${this.state}`;
      }
    }
    const byClass = await explore({ providers: [Account, Gateway] }, (builder) => builder.overrideProvider(Account).useClass(FakeAccount));
    expect(await (await load(byClass, 'account')).run('deposit', 5)).toBe('faked');
    const byOther = await explore({ providers: [Account, Gateway] }, (builder) => builder.overrideProvider(Account).useClass(Fake));
    expect(await (await load(byOther, 'account')).run('deposit', 5)).toBe('other 5');
    const byFactory = await explore({ providers: [Account, Gateway] }, (builder) =>
      builder.overrideProvider(Account).useFactory({ factory: () => ({ deposit: () => 'made' }) }));
    expect(await (await load(byFactory, 'account')).run('deposit', 5)).toBe('made');
  });

  it('a spy on the class, before and after the application was made', async () => {
    const spy = jest.spyOn(Account.prototype, 'deposit').mockReturnValue('spied');
    const { run } = await load(await explore({ providers: [Account, Gateway] }), 'account');
    expect(await run('deposit', 5)).toBe('spied');
    spy.mockReturnValue('spied again');
    expect(await run('deposit', 5)).toBe('spied again');
    spy.mockRestore();
    expect(await run('deposit', 5)).toBe('paid 5');
  });

  it('a mock of a provider with the function form', async () => {
    const mock = { register: (ctx: EntityContext) => ctx.return('mocked') };
    const handlers = await explore({ providers: [Registers, Gateway] }, (builder) => builder.overrideProvider(Registers).useValue(mock));
    expect(await (await load(handlers, 'till')).run('sell', 5)).toBe('mocked');
  });
});

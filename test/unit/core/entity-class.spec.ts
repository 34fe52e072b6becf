import {
  entityFunction, EntityExecution, EntityId, operationNames, operationsOf, TaskEntity, type AroundOperation, type OperationOutcome,
} from '../../../lib/core/index.js';

const ignore = (): void => undefined;

/** An entity in class form, loaded with a state. */
function load(entity: TaskEntity<any>, state?: unknown, around?: AroundOperation) {
  const execution = new EntityExecution({
    entityId: new EntityId('cart', 'a'), source: 'Cart', state: state === undefined ? undefined : JSON.stringify(state), maxPayloadBytes: 10_000, maxActions: 100,
    handler: entityFunction(entity, operationsOf(Object.getPrototypeOf(entity) as object), 'Cart', around),
    log: { log: ignore, warn: ignore, error: ignore }, newInstanceId: () => 'new',
  });
  const outcome = (operation: string, input?: unknown): Promise<OperationOutcome> =>
    execution.run({ operation, ...(input !== undefined && { input: JSON.stringify(input) }) }, new AbortController().signal);
  const run = async (operation: string, input?: unknown): Promise<unknown> => {
    const end = await outcome(operation, input);
    if (end.kind === 'failed') throw new Error(end.failureDetails.errorMessage);
    return end.result === undefined ? undefined : JSON.parse(end.result);
  };
  return { execution, outcome, run };
}

interface CartState {
  readonly items: string[];
}

class Cart extends TaskEntity<CartState> {
  override initializeState(): CartState {
    return { items: [] };
  }

  add(item: string): number {
    return this.state.items.push(item);
  }

  async addLater(item: string): Promise<string[]> {
    await Promise.resolve();
    this.state.items.push(item);
    return this.state.items;
  }

  fail(): void {
    this.state.items.push('bad');
    this.context.signalEntity(this.context.entityId, 'add', 'bad');
    throw new RangeError('no');
  }

  clear(): void {
    this.state = undefined as never;
  }

  break(): void {
    this.state = 1n as never;
  }

  whoAmI(): string {
    return `${this.context.entityId.toString()} ${this.context.operationName}`;
  }
}

describe('operations of a class', () => {
  it('[N3] every method is an operation whose return value, awaited, is its result', async () => {
    const { run, execution } = load(new Cart());
    expect(await run('add', 'a')).toBe(1);
    expect(await run('addLater', 'b')).toEqual(['a', 'b']);
    expect(await run('clear')).toBeUndefined();
    expect(execution.state).toBeUndefined();
  });

  it('[N3] names are compared without regard to case; the context has the name as written', async () => {
    expect(await load(new Cart()).run('WHOAMI')).toBe('@cart@a WHOAMI');
  });

  it('[N3] an unknown operation is a failure that lists the operations', async () => {
    await expect(load(new Cart()).run('remove')).rejects.toThrow(
      "Entity '@cart@a' (Cart) has no operation 'remove'. It has: 'add', 'addLater', 'fail', 'clear', 'break', 'whoAmI', 'delete'.",
    );
    for (const name of ['constructor', 'initializeState', 'toString', '__proto__', 'state']) {
      await expect(load(new Cart()).run(name)).rejects.toThrow(`has no operation '${name}'`);
    }
  });

  it('[N3] `delete` is implied, whatever the case', async () => {
    const { run, execution } = load(new Cart(), { items: ['a'] });
    expect(await run('Delete')).toBeUndefined();
    expect(execution.state).toBeUndefined();
  });

  it('[N3] a `delete` of its own takes the place of the implied one', async () => {
    class Kept extends TaskEntity<number> {
      delete(): string {
        return `kept ${this.state}`;
      }
    }
    const { run, execution } = load(new Kept(), 5);
    expect(await run('delete')).toBe('kept 5');
    expect(execution.state).toBe('5');
    expect([...operationNames(operationsOf(Kept.prototype))]).toEqual(['delete']);
  });

  it('[N3] methods of ancestors count, the lowest override is called', async () => {
    class Base extends TaskEntity<number> {
      both(): string {
        return 'base';
      }

      inherited(): string {
        return this.both();
      }
    }
    class Derived extends Base {
      override both(): string {
        return 'derived';
      }
    }
    expect(await load(new Derived(), 1).run('inherited')).toBe('derived');
  });

  it("[N3] no operations are what TaskEntity and Object define, Nest's hooks, accessors, underscored, private and static methods, and fields", () => {
    class Odd extends TaskEntity<number> {
      field = (): number => this.#hidden();

      static make(): Odd {
        return new Odd();
      }

      get value(): () => number {
        return () => 1;
      }

      _helper(): void {}

      #hidden(): number {
        return 1;
      }

      override initializeState(): number {
        return 0;
      }

      override toString(): string {
        return 'odd';
      }

      onModuleInit(): void {}
      onApplicationBootstrap(): void {}
      onModuleDestroy(): void {}
      beforeApplicationShutdown(): void {}
      onApplicationShutdown(): void {}

      real(): void {}
    }
    expect([...operationsOf(Odd.prototype)]).toEqual([['real', 'real']]);
    expect([...operationNames(operationsOf(Odd.prototype))]).toEqual(['real', 'delete']);
  });

  it('[N3] two operations whose names differ in case only are refused', () => {
    class Base extends TaskEntity<number> {
      add(): void {}
    }
    class Ambiguous extends Base {
      Add(): void {}
    }
    expect(() => operationsOf(Ambiguous.prototype)).toThrow("its operations 'Add' and 'add' differ only in case");
  });
});

describe('the state of a class', () => {
  it('[N3] is read anew before each operation: what one held on to is not the state of the next', async () => {
    const held: CartState[] = [];
    class Holding extends Cart {
      hold(): void {
        held.push(this.state);
      }
    }
    const { run, execution } = load(new Holding());
    await run('hold');
    held[0]!.items.push('from outside');
    expect(await run('add', 'a')).toBe(1);
    expect(execution.state).toBe('{"items":["a"]}');
  });

  it('[N5] an operation that throws leaves it as before, and discards its signals', async () => {
    const { outcome, run, execution } = load(new Cart(), { items: ['a'] });
    expect(await outcome('fail')).toMatchObject({ kind: 'failed', failureDetails: { errorType: 'RangeError', errorMessage: 'no' } });
    expect(execution.state).toBe('{"items":["a"]}');
    expect(await run('add', 'b')).toBe(2);
  });

  it('[N5] state that JSON cannot hold is such a failure', async () => {
    const { outcome, execution } = load(new Cart(), { items: ['a'] });
    expect(await outcome('break')).toMatchObject({ kind: 'failed', failureDetails: { errorType: 'SerializationError' } });
    expect(execution.state).toBe('{"items":["a"]}');
  });

  it('[N3] what initializeState gives is stored when the operation succeeds', async () => {
    const { run, outcome, execution } = load(new Cart());
    await outcome('fail');
    expect(execution.state).toBeUndefined();
    await run('whoAmI');
    expect(execution.state).toBe('{"items":[]}');
  });

  it('[N3] without initializeState it begins as a copy of what the class gives the field', async () => {
    class Declared extends TaskEntity<CartState> {
      override state: CartState = { items: [] };

      add(item: string): number {
        return this.state.items.push(item);
      }
    }
    const { run, execution } = load(new Declared());
    await run('add', 'a');
    await run('delete');
    expect(execution.state).toBeUndefined();
    expect(await run('add', 'b')).toBe(1);
    expect(execution.state).toBe('{"items":["b"]}');
  });

  it.each([null, 0, '', false])('[N6] %j persists, and begins nothing anew', async (value) => {
    class Holder extends TaskEntity<unknown> {
      override initializeState(): unknown {
        return 'initial';
      }

      set(next: unknown): void {
        this.state = next;
      }

      get(): unknown {
        return this.state;
      }
    }
    const { run, execution } = load(new Holder());
    await run('set', value);
    expect(execution.state).toBe(JSON.stringify(value));
    expect(await run('get')).toBe(value);
  });

  it('[N3] state and context are gone between operations', async () => {
    const cart = new Cart();
    const { run, outcome } = load(cart);
    await run('add', 'a');
    expect([cart.state, cart.context]).toEqual([undefined, undefined]);
    await outcome('fail');
    expect([cart.state, cart.context]).toEqual([undefined, undefined]);
  });
});

describe('what stands around an operation', () => {
  it('[N5] when it answers for a method that threw, state and signals are as if the method had not run', async () => {
    const answering: AroundOperation = async (_name, method, input) => {
      try {
        return await method(input);
      } catch {
        return 'answered';
      }
    };
    const { outcome, execution } = load(new Cart(), { items: ['a'] }, answering);
    expect(await outcome('fail')).toEqual({ kind: 'completed', result: '"answered"', actions: [] });
    expect(execution.state).toBe('{"items":["a"]}');
  });

  it('[N5] when it calls a method again that threw, the second call begins with the state of before', async () => {
    class Flaky extends Cart {
      private calls = 0;

      addSometimes(item: string): string[] {
        this.state.items.push(item);
        if (++this.calls === 1) throw new Error('once');
        return this.state.items;
      }
    }
    const twice: AroundOperation = async (_name, method, input) => {
      try {
        return await method(input);
      } catch {
        return await method(input);
      }
    };
    expect(await load(new Flaky(), { items: ['a'] }, twice).run('addSometimes', 'b')).toEqual(['a', 'b']);
  });
});

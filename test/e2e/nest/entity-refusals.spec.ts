import { Controller, Injectable, Module } from '@nestjs/common';
import { Activity, Entity, Orchestrator, TaskEntity, type EntityContext } from 'nestjs-durable';
import { Entity as TypeOrmEntity, PrimaryColumn } from 'typeorm';
import { refusalOf } from './support.js';

/** Puts a decorator where the types forbid it, as JavaScript or a cast could. */
function decorate(decorator: (target: object, key: string, descriptor: never) => void, type: new () => object, method: string): void {
  decorator(type.prototype as object, method, Object.getOwnPropertyDescriptor(type.prototype, method) as never);
}

describe('what the module refuses of entities at start', () => {
  it('[N3] two of one name, ignoring case, in whatever form', async () => {
    @Entity()
    class Counter extends TaskEntity<number> {}
    class Counters {
      @Entity({ name: 'COUNTER' })
      count(_ctx: EntityContext): void {}
    }
    @Module({ providers: [Counter] })
    class FirstModule {}
    @Module({ providers: [Counters] })
    class SecondModule {}
    const message = await refusalOf({ imports: [FirstModule, SecondModule] });
    expect(message).toContain("The entity Counters.count (module SecondModule) has the name 'counter', and so has Counter (module FirstModule).");
    expect(message).toContain('@Entity({ name })');
    expect(await refusalOf({ imports: [FirstModule], providers: [Counter] })).toContain('provide the class in one module only');
  });

  it('[N3] a class that does not extend TaskEntity', async () => {
    // @ts-expect-error the decorator's type refuses it as well
    @Entity()
    class Counter {
      add(): void {}
    }
    expect(await refusalOf({ providers: [Counter] })).toContain(
      'The entity Counter (module RootTestModule) does not extend TaskEntity: write class Counter extends TaskEntity<State>',
    );
  });

  it('[N3] a class that extends TaskEntity and is not decorated, also as a subclass of one that is', async () => {
    class Plain extends TaskEntity<number> {}
    expect(await refusalOf({ providers: [Plain] })).toContain('The class Plain (module RootTestModule) extends TaskEntity and has no @Entity() of its own');
    @Entity()
    class Counter extends TaskEntity<number> {}
    class Derived extends Counter {}
    expect(await refusalOf({ providers: [Derived] })).toContain('The class Derived (module RootTestModule) extends TaskEntity and has no @Entity()');
  });

  it("[N3] TypeORM's @Entity on a TaskEntity, beside ours or alone", async () => {
    @TypeOrmEntity()
    class Wrong extends TaskEntity<number> {
      @PrimaryColumn()
      id!: number;
    }
    @Entity()
    @TypeOrmEntity()
    class Both extends TaskEntity<number> {
      @PrimaryColumn()
      id!: number;
    }
    for (const type of [Wrong, Both]) {
      expect(await refusalOf({ providers: [type] })).toContain(
        `The class ${type.name} (module RootTestModule) extends TaskEntity and has the @Entity() of TypeORM, which makes tables of classes: ` +
          "import Entity from 'nestjs-durable' instead.",
      );
    }
  });

  it.each([Activity(), Orchestrator(), Entity()])('[N3] another durable decorator on a method of an entity class', async (decorator) => {
    @Entity()
    class Counter extends TaskEntity<number> {
      add(): void {}
    }
    decorate(decorator, Counter, 'add');
    expect(await refusalOf({ providers: [Counter] })).toMatch(
      /^The \w+ Counter\.add \(module RootTestModule\) is a method of the entity 'counter', where each method is an operation/,
    );
  });

  it('[N3] operations whose names differ in case only', async () => {
    @Entity()
    class Counter extends TaskEntity<number> {
      add(): void {}
      Add(): void {}
    }
    expect(await refusalOf({ providers: [Counter] })).toContain(
      "The entity Counter (module RootTestModule) cannot be run: its operations 'add' and 'Add' differ only in case",
    );
  });

  it.each(['generator', 'asyncGenerator'])('[N2] [N3] a %s, as entity and as operation', async (method) => {
    class Generators {
      *generator(): Generator<void> {}
      async *asyncGenerator(): AsyncGenerator<void> {}
    }
    decorate(Entity(), Generators, method);
    expect(await refusalOf({ providers: [Generators] })).toContain(`The entity Generators.${method} (module RootTestModule) is a generator`);

    @Entity()
    class Counter extends TaskEntity<number> {}
    Object.defineProperty(Counter.prototype, 'walk', { value: Object.getOwnPropertyDescriptor(Generators.prototype, method)!.value as unknown });
    expect(await refusalOf({ providers: [Counter] })).toContain('The entity Counter (module RootTestModule) has the operation walk, which is a generator');
  });

  it('[N3] an object that a factory or a value makes, which all keys would share', async () => {
    @Entity()
    class Counter extends TaskEntity<number> {}
    for (const provider of [{ provide: Counter, useFactory: () => new Counter() }, { provide: 'COUNTER', useValue: new Counter() }]) {
      expect(await refusalOf({ providers: [provider] })).toContain(
        'The entity Counter (module RootTestModule) is provided as a value or by a factory, which make one object',
      );
    }
  });

  it('an entity of a registration that does not exist', async () => {
    @Entity({ hub: 'billing' })
    class Counter extends TaskEntity<number> {}
    expect(await refusalOf({ providers: [Counter] })).toContain("The entity Counter (module RootTestModule) belongs to the registration 'billing'");
  });

  it('an entity that is a controller, or stands on one', async () => {
    @Controller()
    @Entity()
    class Counter extends TaskEntity<number> {}
    expect(await refusalOf({ controllers: [Counter] })).toContain('The entity Counter (module RootTestModule) stands on a controller');
    @Controller()
    class Counters {
      @Entity()
      counter(_ctx: EntityContext): void {}
    }
    expect(await refusalOf({ controllers: [Counters] })).toContain('The entity Counters.counter (module RootTestModule) stands on a controller');
  });
});

describe('what the decorator refuses', () => {
  it.each(['a@b', 'a/b', 'a\\b', 'a#b', 'a?b', 'a\nb', 'n'.repeat(255)])('[N1] the name %j', (name) => {
    class Counter extends TaskEntity<number> {}
    const message = `@Entity() on Counter: the name '${name}' cannot be a part of entity ids`;
    expect(() => Entity({ name })(Counter)).toThrow(message);
    class Counters {
      counter(_ctx: EntityContext): void {}
    }
    expect(() => decorate(Entity({ name }), Counters, 'counter')).toThrow(message.replace('Counter', 'Counters.counter'));
  });

  it('an empty name', () => {
    class Counter extends TaskEntity<number> {}
    expect(() => Entity({ name: '' })(Counter)).toThrow("@Entity() on Counter: 'name' must be a string of 1 to 255 characters.");
  });

  it('a second durable decorator on one method, and on one class', () => {
    expect(() => {
      @Injectable()
      class Counters {
        @Entity()
        @Activity()
        counter(_ctx: EntityContext): void {}
      }
      return Counters;
    }).toThrow('@Entity() on Counters.counter: the method is decorated with @Activity() already.');
    expect(() => {
      @Entity()
      @Entity({ name: 'again' })
      class Counter extends TaskEntity<number> {}
      return Counter;
    }).toThrow('@Entity() on Counter: the class is decorated with @Entity() already.');
  });
});

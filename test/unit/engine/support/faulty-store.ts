import type { DurableStore } from '../../../../lib/storage/store.js';

type Method = { [K in keyof DurableStore]: DurableStore[K] extends (...args: never[]) => Promise<unknown> ? K : never }[keyof DurableStore];
type Call<K extends Method> = (proceed: DurableStore[K], ...args: Parameters<DurableStore[K]>) => ReturnType<DurableStore[K]>;

/** A store whose calls a test can hold, fail, or make lose their answer. */
export interface FaultyStore {
  readonly store: DurableStore;
  /** How often each method was called. */
  readonly calls: Map<Method, number>;
  /** From now on `instead` decides what a method does; it gets the real one. Answers how to end that. */
  intercept<K extends Method>(method: K, instead: Call<K>): () => void;
  /** From now on a method fails whenever there is an error for it. */
  fail(method: Method, next: () => Error | undefined): void;
}

export function faultyStore(real: DurableStore, overrides: Partial<DurableStore> = {}): FaultyStore {
  const interceptors = new Map<PropertyKey, Call<Method>>();
  const calls = new Map<Method, number>();
  const store = new Proxy(real, {
    get(target, property, receiver) {
      if (property in overrides) return Reflect.get(overrides, property, receiver) as unknown;
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: never[]) => {
        calls.set(property as Method, (calls.get(property as Method) ?? 0) + 1);
        const proceed = (value as (...args: never[]) => unknown).bind(target);
        const interceptor = interceptors.get(property) as ((proceed: unknown, ...args: never[]) => unknown) | undefined;
        return interceptor ? interceptor(proceed, ...args) : proceed(...args);
      };
    },
  });
  return {
    store,
    calls,
    intercept(method, instead) {
      interceptors.set(method, instead as unknown as Call<Method>);
      return () => interceptors.delete(method);
    },
    fail(method, next) {
      const instead = (proceed: (...args: unknown[]) => Promise<unknown>, ...args: unknown[]) => {
        const error = next();
        return error ? Promise.reject(error) : proceed(...args);
      };
      interceptors.set(method, instead as unknown as Call<Method>);
    },
  };
}

/**
 * What becomes of a `T` that crosses as JSON: a `Date` is a string, what has `toJSON` is its result, methods and symbols
 * are gone, `undefined` in arrays is `null`, a `Map` or `Set` is an empty object. Top-level `undefined` is "no value" [O4].
 */
export type Jsonify<T> = 0 extends 1 & T
  ? T
  : unknown extends T
    ? T
    : T extends string | number | boolean | null | undefined | void
      ? T
      : T extends { toJSON(...args: never[]): infer R }
        ? Jsonify<R>
        : T extends NotJson
          ? never
          : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
            ? Record<string, never>
            : T extends readonly unknown[]
              ? { [K in keyof T]: JsonifyElement<T[K]> }
              : T extends object
                ? { [K in keyof T as JsonKey<K, T[K]>]: Jsonify<T[K]> }
                : never;

type NotJson = bigint | symbol | ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

type JsonifyElement<T> = 0 extends 1 & T
  ? T
  : T extends undefined | symbol | ((...args: never[]) => unknown)
    ? null
    : Jsonify<T>;

type JsonKey<K, V> = 0 extends 1 & V ? JsonName<K> : unknown extends V ? JsonName<K> : [V] extends [NotJson] ? never : JsonName<K>;

type JsonName<K> = K extends symbol ? never : K;

/** The kinds of Nest enhancers that a registration applies to its activities, its entities in function form and the operations of its entity classes. */
export interface EnhancerOptions {
  /** Default true. */
  readonly interceptors?: boolean;
  /**
   * They get the input, as a pipe of an HTTP application gets a body; not the context. Its class is known to them where TypeScript
   * notes it: for methods that have a decorator, so `ValidationPipe` checks an operation of an entity class that has one, such as
   * `@UsePipes()`. Default true.
   */
  readonly pipes?: boolean;
  /** Default true. */
  readonly filters?: boolean;
  /** What calls a handler belongs to the same application, so guards apply only when asked for. Default false. */
  readonly guards?: boolean;
}

export type EnhancerKind = keyof EnhancerOptions;

export const DEFAULT_ENHANCERS: Required<EnhancerOptions> = { interceptors: true, pipes: true, filters: true, guards: false };

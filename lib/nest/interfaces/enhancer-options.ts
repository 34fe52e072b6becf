/** The kinds of Nest enhancers that a registration applies to its activities. */
export interface EnhancerOptions {
  /** Default true. */
  readonly interceptors?: boolean;
  /** They get the input, as a pipe of an HTTP application gets a body; not the ActivityContext. Default true. */
  readonly pipes?: boolean;
  /** Default true. */
  readonly filters?: boolean;
  /** What calls an activity is an orchestrator of the same application, so guards apply only when asked for. Default false. */
  readonly guards?: boolean;
}

export type EnhancerKind = keyof EnhancerOptions;

export const DEFAULT_ENHANCERS: Required<EnhancerOptions> = { interceptors: true, pipes: true, filters: true, guards: false };

import type { CanActivate, Type } from '@nestjs/common';

/**
 * The HTTP management API of a registration [W1–W13]. It can do anything to any instance of all task hubs of the application: one of
 * `guards`, `keys` and `allowAnonymous` must say who may use it.
 */
export interface DurableHttpOptions {
  /** Where it is, below the application's global prefix. Default `/runtime/webhooks/durabletask`. */
  readonly path?: string;
  /**
   * All of them must let a request pass, after the application's global guards. Classes are taken from the application's providers; what is
   * none is made with what the module can inject that imports this one.
   */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Each of 16 characters or more. A request needs one of them: in the parameter `code`, or the header `x-functions-key`. With guards it needs both. */
  readonly keys?: readonly string[];
  /** Whether links take the host that a proxy tells in `X-Forwarded-Host` and `X-Forwarded-Proto`: only behind one that sets them. Default false. */
  readonly useForwardedHost?: boolean;
  /** True: everybody who reaches the application may use it. Default false. */
  readonly allowAnonymous?: boolean;
}

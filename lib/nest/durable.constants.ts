import { DurableClient } from '../client/index.js';

/** The registration that `DurableModule.forRoot` makes when no `name` is given, and to which handlers without `hub` belong. */
export const DEFAULT_HUB = 'default';

/**
 * The injection token of a registration's {@link DurableClient}: the class itself for the default one.
 * For `inject` arrays and `app.get()`; in constructors use `@InjectDurableClient()`.
 */
export function getDurableClientToken(name: string = DEFAULT_HUB): typeof DurableClient | string {
  return name === DEFAULT_HUB ? DurableClient : `DurableClient(${name})`;
}

export function getDurableOptionsToken(name: string): string {
  return `DurableOptions(${name})`;
}

export function getDurableRuntimeToken(name: string): string {
  return `DurableRuntime(${name})`;
}

export function getDurableHttpToken(name: string): string {
  return `DurableHttp(${name})`;
}

export function getManagementApiToken(name: string): string {
  return `DurableManagementApi(${name})`;
}

/** The engine's source of time. Tests override it: `.overrideProvider(DURABLE_CLOCK).useValue(new VirtualClock())`. */
export const DURABLE_CLOCK = 'DurableClock';

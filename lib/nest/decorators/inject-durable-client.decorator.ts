import { Inject } from '@nestjs/common';
import { getDurableClientToken } from '../durable.constants.js';

/**
 * Injects the {@link DurableClient} of a `DurableModule` registration.
 * @param name the registration's `name`; absent: the default one.
 */
export function InjectDurableClient(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getDurableClientToken(name));
}

/**
 * Compiled by `npm run typecheck`, never run: what the types of the settings must accept and refuse.
 */
import { DurableModule, type DurableOptions, type EnhancerOptions } from 'nestjs-durable';

export const all: EnhancerOptions = { interceptors: true, pipes: true, filters: true, guards: true };
export const some: DurableOptions = { enhancers: { guards: true }, maxDispatchCount: 5 };

DurableModule.forRoot({ name: 'billing', isGlobal: true, ...some });
DurableModule.forRootAsync({ isGlobal: true, useFactory: async () => some });

// @ts-expect-error each is true or false
DurableModule.forRoot({ enhancers: { pipes: 'yes' } });
// @ts-expect-error no such kind
DurableModule.forRoot({ enhancers: { middleware: true } });
DurableModule.forRoot({ retention: { completed: 86_400_000 }, maxBacklog: 10_000 });

// @ts-expect-error instances that are not finished are never purged
DurableModule.forRoot({ retention: { running: 86_400_000 } });
// @ts-expect-error no such setting
DurableModule.forRoot({ leaseTime: 5 });
// @ts-expect-error what shapes the module graph stands beside the factory
DurableModule.forRootAsync({ useFactory: (): DurableOptions => ({ isGlobal: true }) });

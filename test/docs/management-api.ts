/** The README's management API: with a key of the environment. */
import { Module } from '@nestjs/common';
import { DurableModule } from 'nestjs-durable';

// #region api
@Module({ imports: [DurableModule.forRoot({ http: { keys: [process.env.DURABLE_API_KEY!] } })] })
export class ManagedModule {} // or guards: [AdminGuard], or both
// #endregion

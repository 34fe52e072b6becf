import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DurableModule } from 'nestjs-durable';
import { BankModule } from './bank/bank.module.js';
import { MonitorModule } from './monitor/monitor.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { ReturnsModule } from './returns/returns.module.js';
import { AppConfig, AppConfigModule } from './support/app-config.js';
import { DurableExceptionFilter } from './support/durable-exception.filter.js';

/** The first application: the shop. */
@Module({
  imports: [
    AppConfigModule,
    DurableModule.forRootAsync({
      isGlobal: true,
      imports: [AppConfigModule],
      inject: [AppConfig],
      useFactory: ({ storage }: AppConfig) => ({ storage }),
    }),
    OrdersModule,
    ReturnsModule,
    BankModule,
    MonitorModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: DurableExceptionFilter }],
})
export class AppModule {}

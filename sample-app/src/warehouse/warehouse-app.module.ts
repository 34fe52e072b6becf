import { Module } from '@nestjs/common';
import { DurableModule } from 'nestjs-durable';
import { AppConfig, AppConfigModule, WAREHOUSE_KEY } from '../support/app-config.js';
import { SimulatedWork } from '../support/simulated-work.js';
import { DispatchService } from './dispatch.service.js';
import { InspectionService, RETURNS } from './inspection.service.js';
import { InspectionsController } from './inspections.controller.js';

/**
 * The second application: two task hubs in one database. One management API serves both, `taskHub` in the query says which; who
 * calls needs the key.
 */
@Module({
  imports: [
    AppConfigModule,
    DurableModule.forRootAsync({
      http: { keys: [WAREHOUSE_KEY] },
      imports: [AppConfigModule],
      inject: [AppConfig],
      useFactory: ({ warehouseStorage }: AppConfig) => ({ taskHub: 'Warehouse', storage: warehouseStorage }),
    }),
    DurableModule.forRootAsync({
      name: RETURNS,
      imports: [AppConfigModule],
      inject: [AppConfig],
      useFactory: ({ warehouseStorage }: AppConfig) => ({ taskHub: 'Returns', storage: warehouseStorage }),
    }),
  ],
  controllers: [InspectionsController],
  providers: [SimulatedWork, DispatchService, InspectionService],
})
export class WarehouseAppModule {}

import { Module } from '@nestjs/common';
import { AppConfigModule } from '../support/app-config.js';
import { DeliveryService } from './delivery.service.js';
import { WarehouseApi } from './warehouse-api.js';

@Module({ imports: [AppConfigModule], providers: [WarehouseApi, DeliveryService], exports: [WarehouseApi] })
export class DeliveryModule {}

import { Module } from '@nestjs/common';
import { AppConfigModule } from '../support/app-config.js';
import { SimulatedWork } from '../support/simulated-work.js';
import { PaymentGateway } from './payment-gateway.js';
import { ShippingService } from './shipping.service.js';
import { Warehouse } from './warehouse.js';

/** The systems that orders need: handlers are found in any module, so nothing is exported for the orchestrators' sake. */
@Module({
  imports: [AppConfigModule],
  providers: [SimulatedWork, Warehouse, PaymentGateway, ShippingService],
  exports: [Warehouse],
})
export class ShopModule {}

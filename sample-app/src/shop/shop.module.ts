import { Module } from '@nestjs/common';
import { AppConfigModule } from '../support/app-config.js';
import { SimulatedWork } from '../support/simulated-work.js';
import { Article } from './article.entity.js';
import { Catalogue } from './catalogue.js';
import { PaymentGateway } from './payment-gateway.js';
import { PriceList } from './price-list.js';
import { ShippingService } from './shipping.service.js';
import { StockController } from './stock.controller.js';

/** The systems that orders need: handlers are found in any module, so nothing is exported for the orchestrators' sake. */
@Module({
  imports: [AppConfigModule],
  controllers: [StockController],
  providers: [SimulatedWork, PriceList, Catalogue, Article, PaymentGateway, ShippingService],
  exports: [PriceList],
})
export class ShopModule {}

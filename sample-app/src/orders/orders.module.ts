import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { ShopModule } from '../shop/shop.module.js';
import { OrderService } from './order.service.js';
import { OrdersController } from './orders.controller.js';
import { ParseOrderPipe } from './parse-order.pipe.js';

@Module({ imports: [ShopModule, DeliveryModule], controllers: [OrdersController], providers: [OrderService, ParseOrderPipe] })
export class OrdersModule {}

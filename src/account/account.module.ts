import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ProductsModule } from '../products';
import { AccountController } from './account.controller';
import { AccountService } from './account.service';
import { WatchedProduct } from './watched-product.entity';
import { WatchlistRepository } from './watchlist.repository';

@Module({
  imports: [TypeOrmModule.forFeature([WatchedProduct]), ProductsModule],
  controllers: [AccountController],
  providers: [AccountService, WatchlistRepository],
})
export class AccountModule {}

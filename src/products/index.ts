export { MAX_ID } from './dto/limits';
export { ProductDto } from './dto/product.dto';
export { Product } from './product.entity';
export { ProductsModule } from './products.module';

export { MAX_ID } from './dto/limits';
export { ProductDto } from './dto/product.dto';
export { Product } from './product.entity';
export { ProductRows } from './product-rows';
export { ProductsModule } from './products.module';
export { withProgressBar } from './seed/progress';
export { seedProducts, SeedOptions } from './seed/seed';

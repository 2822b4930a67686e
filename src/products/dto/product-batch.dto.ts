import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayUnique, IsArray, IsInt, IsObject, Max, Min, ValidateBy, ValidateNested } from 'class-validator';
import { MAX_ID } from './limits';
import { ProductDto } from './product.dto';
import { ProductPatchDto, ProductWriteDto } from './product-write.dto';

/** Changes in one batch. */
export const MAX_BATCH = 1_000;

/** One product and the fields of it that change. */
export class BatchPatchDto extends ProductPatchDto {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_ID, example: 42 })
  @Max(MAX_ID)
  @Min(1)
  @IsInt()
  declare id: number;
}

/** A batch as a whole: not empty, not too large, and no product in it twice. */
function IsBatch(): PropertyDecorator {
  const lists = (batch: object): unknown[][] => {
    const { create, patch, delete: remove } = batch as Record<string, unknown>;
    return [create, patch, remove].map((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  };
  const size = (batch: object): number => lists(batch).reduce((sum, list) => sum + list.length, 0);
  return ValidateBy(
    {
      name: 'isBatch',
      validator: {
        validate: (_, args) => args !== undefined && size(args.object) >= 1 && size(args.object) <= MAX_BATCH,
      },
    },
    { message: `a batch must hold 1 to ${MAX_BATCH} changes, create, patch and delete together` },
  );
}

/** Each element an object, so that what is validated in it exists. */
function EachObject(): PropertyDecorator {
  return IsObject({ each: true, message: '$property must hold objects' });
}

/** The body of `POST /api/products/batch`. */
export class BatchDto {
  @ApiPropertyOptional({ type: [ProductWriteDto], maxItems: MAX_BATCH, default: [], description: 'Products to add.' })
  @Type(() => ProductWriteDto)
  @IsBatch()
  @ValidateNested({ each: true })
  @EachObject()
  @IsArray()
  create: ProductWriteDto[] = [];

  @ApiPropertyOptional({
    type: [BatchPatchDto],
    maxItems: MAX_BATCH,
    default: [],
    example: [{ id: 42, stock: 7 }],
    description: 'Products to change, each once, with the fields that change.',
  })
  @Type(() => BatchPatchDto)
  @ArrayUnique((item: BatchPatchDto | null) => item?.id, { message: 'patch must name each product once' })
  @ValidateNested({ each: true })
  @EachObject()
  @IsArray()
  patch: BatchPatchDto[] = [];

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'integer', minimum: 1, maximum: MAX_ID },
    maxItems: MAX_BATCH,
    default: [],
    example: [43],
    description: 'Ids of products to delete, each once.',
  })
  @IsOtherThanPatched()
  @ArrayUnique({ message: 'delete must name each product once' })
  @Max(MAX_ID, { each: true })
  @Min(1, { each: true })
  @IsInt({ each: true })
  @IsArray()
  delete: number[] = [];
}

function IsOtherThanPatched(): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isOtherThanPatched',
      validator: {
        validate: (value, args) => {
          const { patch } = (args?.object ?? {}) as { patch?: unknown };
          if (!Array.isArray(value) || !Array.isArray(patch)) return true;
          const patched = new Set(patch.map((item: { id?: unknown } | null) => item?.id));
          return !value.some((id) => patched.has(id));
        },
      },
    },
    { message: 'delete must not name a product that patch names too' },
  );
}

export class BatchedDto {
  @ApiProperty({ type: [ProductDto], description: 'In the order of `create`.' })
  created!: ProductDto[];

  @ApiProperty({ type: [ProductDto], description: 'In the order of `patch`.' })
  patched!: ProductDto[];

  @ApiProperty({ type: 'array', items: { type: 'integer' }, example: [43], description: 'In the order of `delete`.' })
  deleted!: number[];
}

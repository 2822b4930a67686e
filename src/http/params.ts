import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsInt,
  IsNumber,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
  ValidationArguments,
} from 'class-validator';

/** A query or path parameter in plain decimal digits; what is not stays text, and the rules behind it say so by name. */
function FromText(pattern: RegExp, read: (text: string) => unknown): PropertyDecorator {
  return Transform(({ value }) =>
    typeof value === 'string' && pattern.test(value) ? read(value) : (value as unknown),
  );
}

/** `?page=2`. */
export function IntegerParam(min: number, max: number): PropertyDecorator {
  return applyDecorators(IsInt(), Min(min), Max(max), FromText(/^-?\d{1,15}$/, Number));
}

/** `?min_price=9.99`. */
export function DecimalParam(min: number, max: number, maxDecimalPlaces: number): PropertyDecorator {
  return applyDecorators(
    IsNumber({ maxDecimalPlaces }, { message: `$property must be a number with at most ${maxDecimalPlaces} decimals` }),
    Min(min),
    Max(max),
    FromText(/^-?\d{1,15}(\.\d{1,15})?$/, Number),
  );
}

/** `?in_stock=true`. */
export function BooleanParam(): PropertyDecorator {
  return applyDecorators(
    IsBoolean({ message: '$property must be true or false' }),
    FromText(/^(true|false)$/, (text) => text === 'true'),
  );
}

/** The upper end of a range, whose lower end is the property `other`. */
export function NotBelow(other: string): PropertyDecorator {
  const validate = (value: unknown, args?: ValidationArguments): boolean => {
    const lower = (args?.object as Record<string, unknown> | undefined)?.[other];
    return typeof value !== 'number' || typeof lower !== 'number' || value >= lower;
  };
  return ValidateBy(
    { name: 'notBelow', validator: { validate } },
    { message: `$property must not be less than ${other}` },
  );
}

/** Text of a body or a parameter: not blank, and without the NUL that PostgreSQL cannot store. */
export function PlainText(min: number, max: number): PropertyDecorator {
  return applyDecorators(
    Matches(/^[^\u0000]*$/, { message: '$property must not hold a NUL character' }),
    MaxLength(max),
    ...(min > 0 ? [MinLength(min), Matches(/\S/, { message: '$property must not be blank' })] : []),
  );
}

/** No parameters: whatever the request carries is unknown, and named in a 400. */
export class NoQuery {}

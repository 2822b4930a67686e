import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';

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

/** Text of a body or a parameter: not blank, and without the NUL that PostgreSQL cannot store. */
export function PlainText(min: number, max: number): PropertyDecorator {
  return applyDecorators(
    // eslint-disable-next-line no-control-regex -- the NUL is the point
    Matches(/^[^\u0000]*$/, { message: '$property must not hold a NUL character' }),
    MaxLength(max),
    ...(min > 0 ? [MinLength(min), Matches(/\S/, { message: '$property must not be blank' })] : []),
  );
}

/** No parameters: whatever the request carries is unknown, and named in a 400. */
export class NoQuery {}

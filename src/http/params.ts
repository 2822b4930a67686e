import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsString, Matches, Max, Min, ValidateBy, ValidationArguments } from 'class-validator';

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
    IsDecimal(maxDecimalPlaces),
    Min(min),
    Max(max),
    FromText(/^-?\d{1,15}(\.\d{1,15})?$/, Number),
  );
}

/** A number with so many decimals at most. (class-validator's IsNumber throws on 1e-7.) */
export function IsDecimal(maxDecimalPlaces: number): PropertyDecorator {
  const validate = (value: unknown): boolean => {
    return typeof value === 'number' && Number.isFinite(value) && Number(value.toFixed(maxDecimalPlaces)) === value;
  };
  const message = `$property must be a number with at most ${maxDecimalPlaces} decimals`;
  return ValidateBy({ name: 'isDecimal', validator: { validate } }, { message });
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

/** Text of a body or a parameter: without what PostgreSQL cannot store as it is, and not blank where it has to be something. */
export function PlainText(min: number, max: number): PropertyDecorator {
  const storable = (value: unknown): boolean => {
    return typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
  };
  return applyDecorators(
    IsString(),
    ValidateBy(
      { name: 'isStorable', validator: { validate: storable } },
      { message: '$property must not hold NUL or half characters' },
    ),
    CharactersBetween(min, max),
    ...(min > 0 ? [Matches(/\S/, { message: '$property must not be blank' })] : []),
  );
}

/**
 * As PostgreSQL counts characters, and JSON Schema: by code points. class-validator's own rules count a heart and its colour as one.
 */
function CharactersBetween(min: number, max: number): PropertyDecorator {
  const between = (value: unknown): boolean => {
    const count = typeof value === 'string' ? [...value].length : min;
    return count >= min && count <= max;
  };
  return ValidateBy(
    { name: 'charactersBetween', validator: { validate: between } },
    { message: `$property must have ${min > 0 ? `${min} to ` : 'at most '}${max} characters` },
  );
}

/** The words of a text in their usual form (NFKC): one character may be several words, such as U+FDFA. */
export function wordsOf(text: string): string[] {
  return text.normalize('NFKC').split(/\s+/).filter(Boolean);
}

/** Text of so many words at most: each costs a search of its own. */
export function MaxWords(max: number): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && wordsOf(value).length <= max;
  return ValidateBy(
    { name: 'maxWords', validator: { validate } },
    { message: `$property must have at most ${max} words` },
  );
}

/** No parameters: whatever the request carries is unknown, and named in a 400. */
export class NoQuery {}

/** The JSON text of one field of a row, by its name. */
export type FieldText = (name: string) => string;

/**
 * Cuts fields out of a row's JSON without parsing it. That is exact because a row's values are scalars: a quote inside a text
 * is escaped, so a field's name between quotes with a colon behind it can only be that field.
 */
export class RowTexts {
  private readonly places: ReadonlyMap<string, { readonly begin: string; readonly end: string | undefined }>;

  /** @param names of the fields, in their order */
  constructor(names: readonly string[]) {
    const begins = names.map((name) => `${JSON.stringify(name)}:`);
    this.places = new Map(names.map((name, at) => [name, { begin: begins[at]!, end: begins[at + 1] }]));
  }

  /** @throws RangeError, from the function, for a name that is no field */
  of(json: string): FieldText {
    return (name) => {
      const place = this.places.get(name);
      if (!place) throw new RangeError(`a row has no field ${JSON.stringify(name)}`);
      const start = json.indexOf(place.begin) + place.begin.length;
      // Before the next field comes a comma, after the last one the brace.
      const end = place.end === undefined ? json.length : json.indexOf(place.end, start);
      return json.slice(start, end - 1);
    };
  }
}

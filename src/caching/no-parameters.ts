/** No parameters: what there is, is unknown, and named in a 400. */
export class NoParameters {}

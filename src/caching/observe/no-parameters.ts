/** The DTO of a route without parameters: any parameter is unknown and leads to a 400 that names it. */
export class NoParameters {}

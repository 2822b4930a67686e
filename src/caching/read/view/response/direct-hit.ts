import type { ServerResponse } from 'node:http';
import { mergeVary } from './directives';
import type { PreparedHit } from './prepared-hits';
import { type Fields, RawHead } from './raw-head';

/** Sends a prepared hit past the framework, with the headers and bytes that the framework would send. */
export class DirectHit {
  private readonly ok = new RawHead();
  private readonly notModified = new RawHead();

  constructor(private readonly hit: PreparedHit) {}

  /** @param given headers that hooks and guards have set @param isHeld the client has these bytes already */
  send(response: ServerResponse, given: Fields, isHeld: boolean): void {
    if (isHeld) this.notModified.sendWith(response, 304, given, this.headOf304);
    else this.ok.sendWith(response, 200, given, this.headOf200, this.hit.payload);
  }

  private readonly headOf200 = (given: Fields): Fields => {
    const fields = this.merged(given, this.hit.ok);
    const { length } = this.hit.payload;
    if (Number(fields['content-length']) !== length) fields['content-length'] = String(length);
    return fields;
  };

  private readonly headOf304 = (given: Fields): Fields => {
    const fields = this.merged(given, this.hit.notModified);
    delete fields['content-type'];
    return fields;
  };

  private merged(given: Fields, own: Readonly<Record<string, string>>): Record<string, unknown> {
    const { vary } = given;
    const fields = { ...given, ...own };
    return vary === undefined ? fields : { ...fields, vary: mergeVary(vary, own['vary'] ?? '') };
  }
}

const directHits = new WeakMap<PreparedHit, DirectHit>();

/** One for all requests that get these bytes: they share the text of the head. */
export function directHit(hit: PreparedHit): DirectHit {
  let direct = directHits.get(hit);
  if (!direct) directHits.set(hit, (direct = new DirectHit(hit)));
  return direct;
}

import { type DataSource, type EntitySubscriberInterface, EventSubscriber } from 'typeorm';

/** Adds `subscriber` to a DataSource. TypeORM makes subscribers again whenever that is initialised; this one is then the same as before. */
export function subscribe(dataSource: DataSource, subscriber: EntitySubscriberInterface): void {
  class Subscribed {
    constructor() {
      return subscriber;
    }
  }
  EventSubscriber()(Subscribed);
  const options = dataSource.options as { subscribers?: unknown };
  options.subscribers = [...Object.values(dataSource.options.subscribers ?? {}), Subscribed];
  dataSource.subscribers.push(subscriber);
}

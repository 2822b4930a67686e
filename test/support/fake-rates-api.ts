import { type FakeServer, startFakeServer } from './fake-server';

export { answerJson, type Behaviour, type FakeServer as FakeRatesApi } from './fake-server';

/** A local server in the place of a rates API. */
export const startFakeRatesApi = (): Promise<FakeServer> => startFakeServer('/latest');

import { AsyncScope } from '../../core/async/async-scope';

/** What the requests of this process have evicted so far, each by itself: what its writer's answer may tell. */
export class WriteScope extends AsyncScope<Set<string>> {}
